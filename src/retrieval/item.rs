//! One mapping line, from the record that it names to what it sets or writes.

mod masking;

use super::Notice;
use super::notices::Notices;
use super::wanted::{IN_MEMORY_LIMIT, Wanted};
use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::forms::Step;
use crate::inputs::line::Line;
use crate::inputs::mapping::Mapping;
use crate::inputs::name::Names;
use crate::inputs::notation::Selector;
use crate::json::Value;
use crate::outputs::form::{self, NamedValue};
use crate::outputs::mask::{Kind, Masks, ValueId};
use crate::outputs::plan::{self, Agent, Content, Plan, PlannedFile, Row};
use crate::outputs::transform;
use crate::problem::Problem;
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;
use crate::vault::attachment::Attachment;
use crate::vault::record::Record;
use crate::vault::resolve::{self, FieldValue, NamedField, Resolved, WholeRecord};
use crate::vault::sealed::Vault;
use crate::vault::totp::Totp;

/// A mapping line and what it yields.
pub(super) struct Item {
    mapping: Mapping,
    secret: Secret,
    /// What is masked of it.
    masked: Vec<ValueId>,
    /// Whether the agent hides each of its values by itself, since it keeps secret variables secret.
    is_hidden_by_agent: bool,
    /// Its number in this run.
    id: usize,
}

/// What a line asks for.
pub(super) enum Found {
    /// All of it is here.
    Whole(Item),
    /// An attachment, which is not here yet.
    Attachment(Wanted, Box<Attachment>),
}

enum Secret {
    Text(SecretText),
    /// What stands in a template for a secret that is not there; it is no secret.
    Default(SecretText),
    /// Anything but a text, as JSON already.
    Json(SecretText),
    Codes {
        codes: Vec<Totp>,
        as_list: bool,
    },
    Record(Vec<NamedField>),
    /// The content of an attachment.
    Attachment(SecretBytes),
    /// An attachment in its temporary file.
    Stored,
}

/// What is watched over while lines are resolved.
pub(super) struct Watch<'a> {
    pub(super) agent: Agent,
    pub(super) names: &'a Names,
    pub(super) masks: &'a mut Masks,
    pub(super) notices: &'a mut Notices,
}

impl Watch<'_> {
    fn warn(&mut self, line: &str, text: &str) {
        self.notices.warn(line, text);
    }
}

impl Item {
    /// Finds what a line asks for; nothing if it is optional and missing.
    ///
    /// # Errors
    /// Why there is no such secret, or why its destination can't take it.
    pub(super) fn resolve(
        id: usize,
        mapping: &Mapping,
        vault: &mut Vault,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Found>, Problem> {
        let selector = &mapping.notation.selector;
        let found =
            vault.find(&mapping.notation.record).and_then(|record| Ok((resolve::resolve(selector, &record)?, record)));
        let (resolved, record) = match found {
            Ok(found) => found,
            Err(error) if mapping.default.is_some() && error.is_absence() => {
                watch.warn(&mapping.line.name(), &format!("the default is taken: {error}"));
                let text = SecretText::from(mapping.default.as_deref().unwrap_or_default());
                return Self::checked(id, mapping, Secret::Default(text), watch).map(|item| Some(Found::Whole(item)));
            }
            Err(error) if mapping.is_optional && error.is_absence() => {
                watch.warn(&mapping.line.name(), &format!("skipped: {error}"));
                return Ok(None);
            }
            Err(error) => return Err(mapping.line.notation_problem(error)),
        };
        let secret = match resolved {
            Resolved::Text(text) | Resolved::Json(text) if mapping.is_optional && is_empty(&text) => {
                watch.warn(&mapping.line.name(), "skipped: the value is empty");
                return Ok(None);
            }
            Resolved::Text(text) if mapping.forms.wants_code() => {
                code_in(&text).map_err(|error| mapping.line.notation_problem(error))?
            }
            Resolved::Text(text) => Secret::Text(text),
            Resolved::Json(text) => Secret::Json(text),
            Resolved::Code(code) => Secret::Codes { codes: vec![code], as_list: false },
            Resolved::Codes(codes) => Secret::Codes { codes, as_list: true },
            Resolved::Record(WholeRecord { fields, left_out }) => {
                for (name, reason) in left_out {
                    watch.warn(&mapping.line.name(), &format!("the field `{}` is left out: {reason}", shown(&name)));
                }
                Secret::Record(fields)
            }
            Resolved::Attachment(attachment) => {
                warn_of_namesakes(mapping, &record, watch);
                let wanted = Wanted::new(id, mapping, attachment.size, watch.agent)?;
                return Ok(Some(Found::Attachment(wanted, attachment)));
            }
        };
        Self::checked(id, mapping, secret, watch).map(|item| Some(Found::Whole(item)))
    }

    fn checked(id: usize, mapping: &Mapping, secret: Secret, watch: &mut Watch<'_>) -> Result<Self, Problem> {
        let mut item = Self::new(id, mapping.clone(), secret);
        item.check(watch)?;
        Ok(item)
    }

    fn new(id: usize, mapping: Mapping, secret: Secret) -> Self {
        let is_hidden_by_agent = matches!(mapping.destination, Destination::Variable(_) | Destination::Output(_))
            && mapping.forms.is_plain();
        Self { mapping, secret, masked: Vec::new(), is_hidden_by_agent, id }
    }

    /// A line whose attachment has come as a whole. `declared` is the size that its record tells.
    ///
    /// # Errors
    /// The destination can't take it.
    pub(super) fn loaded(
        Wanted { id, mapping }: Wanted,
        declared: Option<u64>,
        content: SecretBytes,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Problem> {
        compare_size(&mapping, declared, &content, watch.notices);
        let secret = if mapping.forms.wants_code() {
            code_in(&content.to_text().unwrap_or_default()).map_err(|error| mapping.line.notation_problem(error))?
        } else {
            Secret::Attachment(content)
        };
        let mut item = Self::new(id, mapping, secret);
        item.check(watch)?;
        Ok(item)
    }

    /// A line whose attachment is in its temporary file. What is small enough has come back as well, to be masked.
    pub(super) fn stored(
        Wanted { id, mapping }: Wanted,
        declared: Option<u64>,
        content: &SecretBytes,
        masks: &mut Masks,
        notices: &mut Notices,
    ) -> Self {
        let mut item = Self::new(id, mapping, Secret::Stored);
        // EXPOSE: masks are handed to the agent, which hides them.
        let bytes = content.expose();
        if !bytes.is_empty() {
            compare_size(&item.mapping, declared, content, notices);
            if bytes.len() as u64 <= IN_MEMORY_LIMIT {
                item.masked.push(masks.add_bytes(bytes, Kind::Attachment));
            }
        }
        item
    }

    /// Its number in this run.
    pub(super) fn id(&self) -> usize {
        self.id
    }

    /// Where it is written.
    pub(super) fn line(&self) -> &Line {
        &self.mapping.line
    }

    /// Whether it fills a placeholder of a template.
    pub(super) fn is_placeholder(&self) -> bool {
        self.mapping.line.is_placeholder()
    }

    /// A problem with what the line asks for.
    pub(super) fn problem(&self, error: Error) -> Problem {
        self.mapping.line.notation_problem(error)
    }

    /// How long to wait for fresh two-factor codes, in milliseconds.
    pub(super) fn wait_ms(&self, now_ms: u64) -> u64 {
        self.codes().map(|code| code.wait_ms(now_ms)).max().unwrap_or(0)
    }

    /// Where the line's outputs go: several variables for a whole record.
    ///
    /// # Errors
    /// What [`Item::resolve`] would have told.
    pub(super) fn destinations(&self) -> Result<Vec<Destination>, Problem> {
        let outputs = self.outputs(0).map_err(|error| self.problem(error))?;
        Ok(outputs.into_iter().map(|made| made.destination).collect())
    }

    /// Adds what the line sets or writes to the plan, two-factor codes as they are now. A placeholder's text is given
    /// back, for its template.
    pub(super) fn plan(
        mut self,
        now_ms: u64,
        masks: &mut Masks,
        plan: &mut Plan,
    ) -> Result<Option<SecretBytes>, Problem> {
        let line = self.mapping.line.name();
        let mut text = None;
        if matches!(self.secret, Secret::Stored) {
            let path = self.mapping.destination.name().to_owned();
            plan.files.push(PlannedFile {
                line: line.clone(),
                path,
                mode: self.mode(),
                content: Content::Download(self.id),
            });
        } else {
            let has_codes = self.has_codes();
            for made in self.outputs(now_ms).map_err(|error| self.problem(error))? {
                let Made { destination, bytes, stages } = made;
                let stages = stages.iter().map(|(_, bytes)| bytes);
                for text in stages.chain([&bytes]).filter(|_| has_codes).filter_map(SecretBytes::to_text) {
                    // EXPOSE: masks are handed to the agent, which hides them.
                    self.masked.push(masks.add_converted(text.expose()));
                }
                if self.is_placeholder() {
                    text = Some(bytes);
                } else {
                    plan.add(&line, destination, self.mode(), bytes);
                }
            }
            for code in self.codes() {
                // EXPOSE: the same.
                masks.add_text(code.code(now_ms).expose(), Kind::Field);
            }
        }
        plan.report.rows.push(Row {
            line,
            secret: shown(&self.mapping.line.notation()),
            destination: if self.is_placeholder() {
                shown(self.mapping.destination.name())
            } else {
                shown(&self.mapping.line.destination())
            },
            masked: String::new(),
            masks: self.masked,
            is_hidden_by_agent: self.is_hidden_by_agent,
        });
        Ok(text)
    }

    fn mode(&self) -> u32 {
        const PRIVATE: u32 = 0o600;
        self.mapping.forms.mode.unwrap_or(PRIVATE)
    }

    /// Whether it has two-factor codes, which depend on the time.
    pub(super) fn has_codes(&self) -> bool {
        self.codes().next().is_some()
    }

    fn codes(&self) -> impl Iterator<Item = &Totp> {
        let (codes, fields): (&[Totp], &[NamedField]) = match &self.secret {
            Secret::Codes { codes, .. } => (codes, &[]),
            Secret::Record(fields) => (&[], fields),
            _ => (&[], &[]),
        };
        let in_fields = fields.iter().flat_map(|field| match &field.value {
            FieldValue::Codes(codes) => codes.as_slice(),
            FieldValue::Value(_) => &[],
        });
        codes.iter().chain(in_fields)
    }

    /// What goes where. Two-factor codes are those of the time given.
    fn outputs(&self, now_ms: u64) -> Result<Vec<Made>, Error> {
        let destination = || self.mapping.destination.clone();
        let steps = self.mapping.forms.steps.as_slice();
        let one = |bytes, steps: &[Step]| Ok(vec![Made::of(destination(), bytes, steps)?]);
        match &self.secret {
            Secret::Text(text) | Secret::Default(text) => one(form::to_bytes(text), steps),
            Secret::Json(json) => one(form::to_bytes(json), steps_of_json(steps)),
            Secret::Codes { codes, as_list } => {
                let codes: Vec<Value> = codes.iter().map(|code| Value::Text(code.code(now_ms))).collect();
                match codes.as_slice() {
                    [Value::Text(code)] if !as_list => one(form::to_bytes(code), steps),
                    _ => one(form::to_bytes(&Value::List(codes).render()), steps_of_json(steps)),
                }
            }
            Secret::Attachment(content) => one(content.clone(), steps),
            Secret::Stored => Ok(Vec::new()),
            Secret::Record(fields) => self.outputs_of_record(&at(fields, now_ms)),
        }
    }

    /// The same for a whole record: its structure comes before other forms.
    fn outputs_of_record(&self, fields: &[NamedValue]) -> Result<Vec<Made>, Error> {
        let forms = &self.mapping.forms;
        let destination = &self.mapping.destination;
        let steps = forms.steps.as_slice();
        let laid_out = match forms.structure() {
            None => {
                let variable_name = |field: &str| form::variable_name(field, forms.keeps_case);
                refuse_clash(fields, variable_name)?;
                let variables = fields.iter().map(|field| {
                    let name = destination.name().replace('*', &variable_name(&field.name));
                    Made::of(destination.renamed(name)?, form::to_bytes(&field.value.render()), steps)
                });
                return variables.collect();
            }
            Some(Step::Dotenv) => {
                refuse_clash(fields, form::dotenv_name)?;
                form::dotenv(fields)?
            }
            Some(_) => {
                refuse_clash(fields, str::to_owned)?;
                form::json_object(fields)
            }
        };
        Ok(vec![Made::of(destination.clone(), form::to_bytes(&laid_out), steps.get(1..).unwrap_or_default())?])
    }

    /// Masks everything that the line brings and checks that its destination can take it.
    fn check(&mut self, watch: &mut Watch<'_>) -> Result<(), Problem> {
        let line = self.mapping.line.name();
        let is_masked = self.is_masked();
        if is_masked {
            self.mask(watch);
        }
        if matches!(&self.secret, Secret::Record(fields) if fields.is_empty()) {
            watch.warn(&line, "no field of the record has a value");
        }
        for name in self.seeds() {
            watch.warn(
                &line,
                &format!(
                    "`{name}` gets the seed of all two-factor codes to come, not a code; the form `totp` gives the code"
                ),
            );
        }
        let is_converted = is_masked && !self.mapping.forms.is_plain() && self.codes().next().is_none();
        for made in self.outputs(0).map_err(|error| self.problem(error))? {
            if is_converted {
                self.mask_converted(&made, watch.masks);
            }
            let Made { destination, bytes, .. } = made;
            let text = bytes.to_text();
            if self.is_placeholder() && text.is_none() {
                return Err(self.problem(form::not_text_for("stand in a template")));
            }
            if matches!(destination, Destination::File(_)) {
                // EXPOSE: only its first line and the ends of its lines are looked at.
                if text.is_some_and(|text| transform::is_key_with_odd_line_ends(text.expose()))
                    && !self.is_placeholder()
                {
                    let name = shown(destination.name());
                    watch.notices.push(Notice::Info(format!(
                        "{line}: the key for `{name}` has line ends that `ssh` refuses; `+text` mends them, as in `file+text:PATH`"
                    )));
                }
                continue;
            }
            // EXPOSE: only its size and certain characters are looked at.
            let Some(text) = text.as_ref().map(SecretText::expose).filter(|text| !text.contains('\0')) else {
                return Err(self.problem(plan::not_text()));
            };
            self.check_variable(&destination, text, watch).map_err(|error| self.problem(error))?;
        }
        Ok(())
    }

    /// Checks a variable's value: the agent can set it, and does not replace a part of it later.
    fn check_variable(&self, destination: &Destination, value: &str, watch: &mut Watch<'_>) -> Result<(), Error> {
        watch.agent.check(destination, value)?;
        watch.names.check(destination)?;
        if self.mapping.forms.may_expand || !value.contains("$(") {
            return Ok(());
        }
        let name = shown(destination.name());
        if watch.names.is_macro_in(value) {
            return Err(Error::new(format!(
                "the value for `{name}` names a variable of the job in `$(…)`, which the agent would replace"
            ))
            .with_hint("write `+expand` behind the kind if that is meant, as in `var+expand:NAME`; else take it in Base64, as in `var+base64:NAME`, or write it to a file"));
        }
        let text = format!("the value for `{name}` contains `$(`; the agent may replace what follows by a variable");
        watch.warn(&self.mapping.line.name(), &text);
        Ok(())
    }

    /// The names of what gets a text that holds an otpauth URI.
    fn seeds(&self) -> Vec<String> {
        // EXPOSE: only the scheme is looked for.
        let holds_a_seed = |text: &SecretText| {
            const SCHEME: &[u8] = b"otpauth:";
            text.expose().as_bytes().windows(SCHEME.len()).any(|bytes| bytes.eq_ignore_ascii_case(SCHEME))
        };
        match &self.secret {
            Secret::Text(text) | Secret::Json(text) if holds_a_seed(text) => {
                vec![shown(self.mapping.destination.name())]
            }
            Secret::Record(fields) => {
                let seeds = fields.iter().filter(|field| field.text().as_ref().is_some_and(holds_a_seed));
                seeds.map(|field| shown(&field.name)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What goes to a destination.
struct Made {
    destination: Destination,
    bytes: SecretBytes,
    /// What each form has made, in their order.
    stages: Vec<(Step, SecretBytes)>,
}

impl Made {
    fn of(destination: Destination, value: SecretBytes, steps: &[Step]) -> Result<Self, Error> {
        let mut made = Self { destination, bytes: value, stages: Vec::new() };
        for step in steps {
            let bytes = form::apply(*step, &made.bytes)?;
            made.stages.push((*step, bytes.clone()));
            made.bytes = bytes;
        }
        Ok(made)
    }
}

/// What is JSON already needs no quotes to be it.
fn steps_of_json(steps: &[Step]) -> &[Step] {
    steps.strip_prefix(&[Step::Json]).unwrap_or(steps)
}

/// The two-factor code of an otpauth URI, alone or in a text of several lines, or of a seed alone.
fn code_in(text: &SecretText) -> Result<Secret, Error> {
    // EXPOSE: the code is a secret again.
    let code = Totp::find(text.expose())
        .map_err(|reason| Error::new(format!("the value gives no two-factor code: {reason}")))?;
    Ok(Secret::Codes { codes: vec![code], as_list: false })
}

/// The first of several attachments of one name is taken.
fn warn_of_namesakes(mapping: &Mapping, record: &Record, watch: &mut Watch<'_>) {
    let Selector::File(name) = &mapping.notation.selector else { return };
    let count = resolve::count_attachments(record, name);
    if count > 1 {
        let name = shown(name);
        watch.warn(
            &mapping.line.name(),
            &format!(
                "{count} attachments of the record are named `{name}`; the first one is taken, a UID would be exact"
            ),
        );
    }
}

/// Warns if an attachment has another size than its record says.
fn compare_size(mapping: &Mapping, declared: Option<u64>, content: &SecretBytes, notices: &mut Notices) {
    // EXPOSE: only the length is looked at.
    let size = content.expose().len();
    if let Some(declared) = declared.filter(|declared| *declared != size as u64) {
        let line = mapping.line.name();
        notices.warn(&line, &format!("the attachment has {size} bytes, its record says {declared}"));
    }
}

fn is_empty(text: &SecretText) -> bool {
    // EXPOSE: only the length is looked at.
    text.expose().is_empty()
}

/// The fields of a record with their codes as they are at a time.
fn at(fields: &[NamedField], now_ms: u64) -> Vec<NamedValue> {
    let value = |value: &FieldValue| match value {
        FieldValue::Value(value) => value.clone(),
        FieldValue::Codes(codes) => match codes.as_slice() {
            [code] => Value::Text(code.code(now_ms)),
            codes => Value::List(codes.iter().map(|code| Value::Text(code.code(now_ms))).collect()),
        },
    };
    fields.iter().map(|field| NamedValue { name: field.name.clone(), value: value(&field.value) }).collect()
}

fn clash(first: &str, second: &str, name: &str) -> Error {
    let [first, second, name] = [first, second, name].map(shown);
    Error::new(format!("the fields `{first}` and `{second}` both become `{name}`"))
        .with_hint("give one of them another label, or map them one by one")
}

/// Two fields that would become one name are named both.
fn refuse_clash(fields: &[NamedValue], become_name: impl Fn(&str) -> String) -> Result<(), Error> {
    let mut seen: std::collections::HashMap<String, &str> = std::collections::HashMap::new();
    for field in fields {
        let name = become_name(&field.name);
        if let Some(first) = seen.insert(name.clone(), &field.name) {
            return Err(clash(first, &field.name, &name));
        }
    }
    Ok(())
}
