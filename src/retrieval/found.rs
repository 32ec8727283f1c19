//! Lookup of what a line asks for in the vault.

use super::Env;
use super::rendered::Rendered;
use super::rules::Rules;
use super::secret::{Codes, Secret};
use super::wanted::Wanted;
use super::wish::{Absence, Wish};
use crate::error::Error;
use crate::inputs::notation::Selector;
use crate::problem::Problem;
use crate::secret::SecretText;
use crate::text::shown;
use crate::vault::attachment::Attachment;
use crate::vault::record::Record;
use crate::vault::records::Vault;
use crate::vault::resolve::{self, Resolved, WholeRecord};

/// What was found for a line.
pub(super) enum Found {
    /// All of it is available.
    Whole(Rendered),
    /// An attachment, which is not downloaded yet.
    Attachment(Wanted, Box<Attachment>),
}

impl Found {
    /// Finds what a line asks for; `None` if it is optional and missing.
    ///
    /// # Errors
    /// Why there is no such secret, or why its destination can't take it.
    pub(super) fn of(
        id: usize,
        wish: Wish,
        vault: &mut Vault,
        rules: &Rules,
        env: &mut Env<'_>,
    ) -> Result<Option<Self>, Problem> {
        let found = vault.find(&wish.notation.record);
        let found = found.and_then(|record| Ok((resolve::resolve(&wish.notation.selector, &record)?, record)));
        let (resolved, record) = match found {
            Ok(found) => found,
            Err(error) => return Self::instead(id, wish, error, rules, env),
        };
        let secret = match resolved {
            Resolved::Text(text) | Resolved::Json(text) if wish.is_skippable() && is_empty(&text) => {
                env.notices.warn(&wish.line.name(), "skipped: the value is empty");
                return Ok(None);
            }
            Resolved::Text(text) if wish.forms.wants_code() => {
                Secret::code_in(&text).map_err(|error| wish.problem(error))?
            }
            Resolved::Text(text) => Secret::Text(text),
            Resolved::Json(text) => Secret::Json(text),
            Resolved::Code(code) => Secret::Codes(Codes { codes: vec![code], as_list: false }),
            Resolved::Codes(codes) => Secret::Codes(Codes { codes, as_list: true }),
            Resolved::WholeRecord(WholeRecord { fields, left_out })
                if wish.is_skippable() && fields.is_empty() && left_out.is_empty() =>
            {
                env.notices.warn(&wish.line.name(), "skipped: no field of the record has a value");
                return Ok(None);
            }
            Resolved::WholeRecord(WholeRecord { fields, left_out }) => {
                for (field, reason) in left_out {
                    env.notices.warn_of_field(&wish.line.name(), &field, reason);
                }
                Secret::WholeRecord(fields)
            }
            Resolved::Attachment(attachment) => {
                warn_of_namesakes(&wish, &record, env);
                let wanted = Wanted::new(id, wish, attachment.size, rules.agent)?;
                return Ok(Some(Self::Attachment(wanted, attachment)));
            }
        };
        Rendered::new(id, wish, secret, rules, env).map(|line| Some(Self::Whole(line)))
    }

    /// What a line gets in place of a secret that is merely missing.
    fn instead(id: usize, wish: Wish, error: Error, rules: &Rules, env: &mut Env<'_>) -> Result<Option<Self>, Problem> {
        match &wish.absence {
            Absence::Default(default) if error.is_absence() => {
                env.notices.warn(&wish.line.name(), &format!("the default is used: {error}"));
                let secret = Secret::Default(SecretText::from(&**default));
                Rendered::new(id, wish, secret, rules, env).map(|line| Some(Self::Whole(line)))
            }
            Absence::Skipped if error.is_absence() => {
                env.notices.warn(&wish.line.name(), &format!("skipped: {error}"));
                Ok(None)
            }
            _ => Err(wish.problem(error)),
        }
    }
}

/// Warns if several attachments have the name; the first one is used.
fn warn_of_namesakes(wish: &Wish, record: &Record, env: &mut Env<'_>) {
    let Selector::File(name) = &wish.notation.selector else { return };
    let count = resolve::count_attachments(record, name);
    if count > 1 {
        let name = shown(name);
        env.notices.warn(
            &wish.line.name(),
            &format!(
                "{count} attachments of the record are named `{name}`; the first one is used; a UID would be unambiguous"
            ),
        );
    }
}

fn is_empty(text: &SecretText) -> bool {
    // EXPOSE: only the length is looked at.
    text.expose().is_empty()
}

impl Wish {
    fn is_skippable(&self) -> bool {
        matches!(self.absence, Absence::Skipped)
    }
}
