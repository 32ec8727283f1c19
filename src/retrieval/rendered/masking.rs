//! Masks of a line, and warnings about values that they do not hide.

use super::Rendered;
use crate::inputs::notation::Selector;
use crate::outputs::mask::{Kind, Masks};
use crate::retrieval::Env;
use crate::retrieval::delivery::{Made, Timed};
use crate::retrieval::rules::Rules;
use crate::retrieval::secret::Secret;
use crate::secret::SecretBytes;

/// Attachments up to this size in bytes are held in memory and masked; larger ones go to disk as they arrive.
pub const IN_MEMORY_LIMIT: u64 = 64 * 1024;

impl Rendered {
    /// Whether the texts of a secret are masked. Those of a large attachment that only goes to a file are not: a mask
    /// for each of its lines would slow down all logs of the job, and hide half of them.
    pub(super) fn is_masked(&self, secret: &Secret) -> bool {
        match secret {
            Secret::Default(_) => false,
            // It is one of a few words, such as `login`. The agent masks it as a secret variable.
            _ if self.wish.notation.selector == Selector::Type => self.is_hidden_by_agent,
            // EXPOSE: only the length is looked at.
            Secret::Attachment(content) => {
                content.expose().len() as u64 <= IN_MEMORY_LIMIT || !self.wish.target.is_file()
            }
            _ => true,
        }
    }

    /// Masks a secret before any form is applied. Codes are masked later, when they are computed.
    pub(super) fn mask(&mut self, secret: &Secret, env: &mut Env<'_>) {
        if let Secret::Attachment(content) = secret {
            // EXPOSE: masks are handed to the agent, which hides them.
            self.masked.push(env.masks.add_bytes(content.expose(), Kind::Attachment));
        } else {
            let texts = secret.texts(self.wish.target.name());
            // EXPOSE: the same.
            self.masked.extend(texts.iter().map(|(_, text)| env.masks.add_text(text.expose(), Kind::Field)));
        }
    }

    /// Masks the result of each form. A result that is a value in its own right is masked in all its forms.
    pub(super) fn mask_converted(&mut self, made: &Made, kind: Kind, masks: &mut Masks) {
        let mut is_value = true;
        for (transform, bytes) in &made.stages {
            is_value &= transform.gives_a_value();
            // EXPOSE: masks are handed to the agent, which hides them.
            if is_value {
                self.masked.push(masks.add_bytes(bytes.expose(), kind));
            } else if let Some(text) = bytes.to_text() {
                self.masked.push(masks.add_converted(text.expose()));
            }
        }
        // The layout of a whole record as JSON or dotenv comes before any form.
        if let (true, Some(text)) = (made.stages.is_empty(), made.bytes.to_text()) {
            // EXPOSE: the same.
            self.masked.push(masks.add_converted(text.expose()));
        }
    }

    /// Masks two-factor codes, and the result of each form.
    pub(super) fn mask_codes(&mut self, made: &Made, timed: &Timed, now_ms: u64, masks: &mut Masks) {
        let stages = made.stages.iter().map(|(_, bytes)| bytes);
        for text in stages.chain([&made.bytes]).filter_map(SecretBytes::to_text) {
            // EXPOSE: masks are handed to the agent, which hides them.
            self.masked.push(masks.add_converted(text.expose()));
        }
        for code in timed.codes() {
            // EXPOSE: the same.
            masks.add_text(code.code(now_ms).expose(), Kind::Field);
        }
    }

    /// Warns about values that are empty, or so short that masking, if they are masked, is not as usual.
    pub(super) fn check_lengths(&mut self, secret: &Secret, is_masked: bool, rules: &Rules, env: &mut Env<'_>) {
        let line = self.wish.line.name();
        for (name, text) in secret.texts(self.wish.target.name()) {
            // EXPOSE: only the length is looked at.
            let value = text.expose();
            if value.is_empty() {
                self.is_hidden_by_agent = false;
                env.notices.warn(&line, &format!("the value is empty, so `{name}` becomes empty"));
            } else if is_masked && env.masks.is_too_short(value) && !value.trim().is_empty() {
                self.warn_of_length(&line, &name, value.chars().count(), rules, env);
            }
        }
    }

    /// Warns about a value that is not hidden, or hides too much. The agent masks every secret variable, however short.
    fn warn_of_length(&mut self, line: &str, name: &str, length: usize, rules: &Rules, env: &mut Env<'_>) {
        let shortest = rules.agent.shortest_mask;
        if length < shortest {
            self.is_hidden_by_agent = false;
            env.notices.warn(line, &format!(
                "the value for `{name}` is too short to be hidden in logs: the agent is set to ignore secrets of less \
                 than {shortest} characters"
            ));
        } else if self.is_hidden_by_agent {
            env.notices.warn(
                line,
                &format!(
                    "the value for `{name}` is so short that the agent hides its characters wherever they are in a log"
                ),
            );
        } else {
            env.notices.warn(line, &format!("the value for `{name}` is too short to be hidden in logs"));
        }
    }
}
