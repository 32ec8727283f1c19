//! Lines whose deliveries are rendered, masked and checked; only their two-factor codes come last.

mod masking;

use super::Env;
use super::delivery::{Body, Delivery, Part, Timed};
use super::notices::Notices;
use super::rules::Rules;
use super::secret::Secret;
use super::wanted::Wanted;
use super::wish::{Slot, Target, Wish};
use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::outputs::form::not_text_for;
use crate::outputs::mask::{Kind, ValueId};
use crate::outputs::plan::{Content, Plan, PlannedFile, not_text};
use crate::outputs::report::Row;
use crate::outputs::transform;
use crate::problem::Problem;
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;
use crate::vault::totp::Totp;
pub use masking::IN_MEMORY_LIMIT;

/// A line whose deliveries are rendered.
pub(super) struct Rendered {
    /// Its number in this run.
    pub(super) id: usize,
    wish: Wish,
    deliveries: Vec<Delivery>,
    /// Whether its attachment is in a temporary file, which will become the line's file.
    is_stored: bool,
    /// Its values that are masked.
    masked: Vec<ValueId>,
    /// Whether the agent itself hides each of its values, as it does for secret variables.
    is_hidden_by_agent: bool,
}

impl Rendered {
    /// Renders a secret as its line asks, masks it, and checks that its destination can take it.
    ///
    /// The variables of a whole record are independent: a field that can't be one is left out.
    ///
    /// # Errors
    /// The destination can't take it.
    pub(super) fn new(
        id: usize,
        wish: Wish,
        secret: Secret,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<Self, Problem> {
        let mut line = Self::empty(id, wish);
        let name = line.wish.line.name();
        let is_masked = line.is_masked(&secret);
        if is_masked {
            line.mask(&secret, env);
        }
        line.check_lengths(&secret, is_masked, rules, env);
        if matches!(&secret, Secret::WholeRecord(fields) if fields.is_empty()) {
            env.notices.warn(&name, "no field of the record has a value");
        }
        for seed in secret.seeds(line.wish.target.name()) {
            env.notices.warn(
                &name,
                &format!(
                    "`{seed}` gets the seed of all future two-factor codes, not a code; the form `totp` gives the code"
                ),
            );
        }
        let kind = if matches!(secret, Secret::Attachment(_)) { Kind::Attachment } else { Kind::Field };
        let kind = Some(kind).filter(|_| is_masked && !line.wish.forms.is_plain());
        for part in secret.parts(&line.wish).map_err(|error| line.wish.problem(error))? {
            let Part { field, target, body } = part;
            match (body.and_then(|body| line.checked(target, body, kind, rules, env)), field) {
                (Ok(delivery), _) => line.deliveries.push(delivery),
                (Err(error), Some(field)) => env.notices.warn_of_field(&name, &field, &error.to_string()),
                (Err(error), None) => return Err(line.wish.problem(error)),
            }
        }
        Ok(line)
    }

    fn empty(id: usize, wish: Wish) -> Self {
        let is_secret = matches!(&wish.target, Target::Own(destination) if destination.is_secret());
        let is_hidden_by_agent = is_secret && wish.forms.is_plain();
        Self { id, wish, deliveries: Vec::new(), is_stored: false, masked: Vec::new(), is_hidden_by_agent }
    }

    /// A line whose attachment has arrived. `declared` is the size in its record.
    ///
    /// # Errors
    /// The destination can't take it.
    pub(super) fn loaded(
        Wanted { id, wish }: Wanted,
        declared: Option<u64>,
        content: SecretBytes,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<Self, Problem> {
        compare_size(&wish, declared, &content, env.notices);
        let secret = if wish.forms.wants_code() {
            Secret::code_in(&content.to_text().unwrap_or_default()).map_err(|error| wish.problem(error))?
        } else {
            Secret::Attachment(content)
        };
        Self::new(id, wish, secret, rules, env)
    }

    /// A line whose attachment is in its temporary file. The content is given too, to be masked, if it is small enough.
    pub(super) fn stored(
        Wanted { id, wish }: Wanted,
        declared: Option<u64>,
        content: &SecretBytes,
        env: &mut Env<'_>,
    ) -> Self {
        let mut line = Self::empty(id, wish);
        line.is_stored = true;
        // EXPOSE: masks are handed to the agent, which hides them.
        let bytes = content.expose();
        if !bytes.is_empty() {
            compare_size(&line.wish, declared, content, env.notices);
            if bytes.len() as u64 <= IN_MEMORY_LIMIT {
                line.masked.push(env.masks.add_bytes(bytes, Kind::Attachment));
            }
        }
        line
    }

    /// The line and its own destinations: several variables for a whole record.
    pub(super) fn places(&self) -> (&Wish, Vec<&Target>) {
        (&self.wish, self.deliveries.iter().map(|delivery| &delivery.target).collect())
    }

    /// How long to wait for fresh two-factor codes, in milliseconds.
    pub(super) fn wait_ms(&self, now_ms: u64) -> u64 {
        self.codes().map(|code| code.wait_ms(now_ms)).max().unwrap_or(0)
    }

    /// Whether it has two-factor codes, which depend on the time.
    pub(super) fn has_codes(&self) -> bool {
        self.codes().next().is_some()
    }

    fn codes(&self) -> impl Iterator<Item = &Totp> {
        self.deliveries.iter().flat_map(|delivery| delivery.body.codes())
    }

    /// Masks the results of a delivery's forms, and checks that its destination can take it.
    fn checked(
        &mut self,
        target: Target,
        body: Body,
        kind: Option<Kind>,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<Delivery, Error> {
        match (&body, &target) {
            (Body::Made(made), _) => {
                if let Some(kind) = kind {
                    self.mask_converted(made, kind, env.masks);
                }
                self.check(&target, &made.bytes, rules, env)?;
            }
            (Body::Timed(_), Target::Own(destination)) => rules.names.check(destination)?,
            (Body::Timed(_), Target::Slot(_)) => {}
        }
        Ok(Delivery { target, body })
    }

    /// Checks that a destination can take a value.
    fn check(&self, target: &Target, value: &SecretBytes, rules: &Rules, env: &mut Env<'_>) -> Result<(), Error> {
        let text = value.to_text();
        let destination = match target {
            Target::Slot(_) if text.is_none() => return Err(not_text_for("be put into a template")),
            Target::Slot(_) => return Ok(()),
            Target::Own(destination) if destination.is_file() => {
                // EXPOSE: only its first line and the ends of its lines are looked at.
                if text.is_some_and(|text| transform::is_key_with_odd_line_ends(text.expose())) {
                    let name = shown(destination.name());
                    env.notices.hint(&self.wish.line.name(), &format!(
                        "the key for `{name}` has line ends that `ssh` refuses; `+text` mends them, as in `file+text:PATH`"
                    ));
                }
                return Ok(());
            }
            Target::Own(destination) => destination,
        };
        // EXPOSE: only its size and certain characters are looked at.
        match text.as_ref().map(SecretText::expose).filter(|text| !text.contains('\0')) {
            Some(text) => self.check_variable(destination, text, rules, env),
            None => Err(not_text()),
        }
    }

    /// Checks that the agent can set a variable's value, and will not replace a part of it later.
    fn check_variable(
        &self,
        destination: &Destination,
        value: &str,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<(), Error> {
        rules.agent.check(destination, value)?;
        rules.names.check(destination)?;
        if value.starts_with(transform::BYTE_ORDER_MARK) {
            let name = shown(destination.name());
            let text = format!(
                "the value for `{name}` begins with a byte order mark, which programs take for a part of it; `+trim` removes it"
            );
            env.notices.warn(&self.wish.line.name(), &text);
        }
        if self.wish.forms.may_expand || !value.contains("$(") {
            return Ok(());
        }
        let name = shown(destination.name());
        if rules.names.is_macro_in(value) {
            return Err(Error::new(format!(
                "the value for `{name}` names a variable of the job in `$(…)`, which the agent would replace"
            ))
            .with_hint("if that is meant, write `+expand` after the kind, as in `var+expand:NAME`; otherwise encode it, as in `var+base64:NAME`, or write it to a file"));
        }
        let text = format!("the value for `{name}` contains `$(`; the agent may replace that with a variable");
        env.notices.warn(&self.wish.line.name(), &text);
        Ok(())
    }

    /// Computes two-factor codes, masks them, and checks that their destination can take them.
    fn make(
        &mut self,
        target: &Target,
        timed: &Timed,
        now_ms: u64,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<SecretBytes, Error> {
        let made = timed.make(now_ms)?;
        self.mask_codes(&made, timed, now_ms, env.masks);
        self.check(target, &made.bytes, rules, env)?;
        Ok(made.bytes)
    }

    /// Adds what the line sets or writes to the plan, with current two-factor codes. Texts for a template's slots are
    /// returned.
    ///
    /// # Errors
    /// The destination can't take a code with its forms applied.
    pub(super) fn plan(
        mut self,
        now_ms: u64,
        rules: &Rules,
        env: &mut Env<'_>,
        plan: &mut Plan,
    ) -> Result<Vec<(Slot, SecretText)>, Problem> {
        const PRIVATE: u32 = 0o600;
        let line = self.wish.line.name();
        let mode = self.wish.forms.mode.unwrap_or(PRIVATE);
        let destination = match &self.wish.target {
            Target::Own(_) => shown(&self.wish.line.destination()),
            Target::Slot(slot) => shown(&slot.path),
        };
        let mut texts = Vec::new();
        if self.is_stored {
            let path = self.wish.target.name().to_owned();
            plan.files.push(PlannedFile { line: line.clone(), path, mode, content: Content::Download(self.id) });
        }
        for Delivery { target, body } in std::mem::take(&mut self.deliveries) {
            let bytes = match body {
                Body::Made(value) => value.bytes,
                Body::Timed(timed) => {
                    self.make(&target, &timed, now_ms, rules, env).map_err(|error| self.wish.problem(error))?
                }
            };
            match target {
                Target::Own(destination) => plan.add(&line, destination, mode, bytes),
                Target::Slot(slot) => texts.push((slot, bytes.to_text().unwrap_or_default())),
            }
        }
        plan.report.rows.push(Row {
            line,
            secret: shown(&self.wish.line.notation()),
            destination,
            masked: String::new(),
            masks: self.masked,
            is_hidden_by_agent: self.is_hidden_by_agent,
        });
        Ok(texts)
    }
}

/// Warns if an attachment's size is not the one in its record.
fn compare_size(wish: &Wish, declared: Option<u64>, content: &SecretBytes, notices: &mut Notices) {
    // EXPOSE: only the length is looked at.
    let size = content.expose().len();
    if let Some(declared) = declared.filter(|declared| *declared != size as u64) {
        let line = wish.line.name();
        notices.warn(&line, &format!("the attachment has {size} bytes, its record says {declared}"));
    }
}
