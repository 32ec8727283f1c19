//! What is masked of a line, and what there is to warn of.

use super::{IN_MEMORY_LIMIT, Item, Made, Secret, Watch};
use crate::inputs::destination::Destination;
use crate::outputs::mask::{Kind, Masks};
use crate::secret::SecretText;
use crate::text::shown;

impl Item {
    /// Whether its texts are masked. Those of a large attachment are not if they go to a file only: a mask for each of
    /// its lines would slow down all logs of the job, and hide half of them.
    pub(super) fn is_masked(&self) -> bool {
        let Secret::Attachment(content) = &self.secret else {
            return !matches!(self.secret, Secret::Default(_));
        };
        // EXPOSE: only the length is looked at.
        let is_large = content.expose().len() as u64 > IN_MEMORY_LIMIT;
        !(is_large && matches!(self.mapping.destination, Destination::File(_)))
    }

    /// Masks what has come, before any form is applied. Codes come later, when they are made.
    pub(super) fn mask(&mut self, watch: &mut Watch<'_>) {
        if let Secret::Attachment(content) = &self.secret {
            // EXPOSE: masks are handed to the agent, which hides them.
            self.masked.push(watch.masks.add_bytes(content.expose(), Kind::Attachment));
            if let Some(text) = content.to_text() {
                self.check_length(&shown(self.mapping.destination.name()), &text, watch);
            }
            return;
        }
        for (name, value) in self.raw_texts() {
            // EXPOSE: the same.
            self.masked.push(watch.masks.add_text(value.expose(), Kind::Field));
            self.check_length(&name, &value, watch);
        }
    }

    /// Masks what each form has made of the value. What is a value of its own is masked in all its forms as well.
    pub(super) fn mask_converted(&mut self, made: &Made, masks: &mut Masks) {
        let kind = if matches!(self.secret, Secret::Attachment(_)) { Kind::Attachment } else { Kind::Field };
        let mut is_value = true;
        for (step, bytes) in &made.stages {
            is_value &= step.gives_a_value();
            // EXPOSE: masks are handed to the agent, which hides them.
            if is_value {
                self.masked.push(masks.add_bytes(bytes.expose(), kind));
            } else if let Some(text) = bytes.to_text() {
                self.masked.push(masks.add_converted(text.expose()));
            }
        }
        // A whole record as JSON or dotenv is laid out before any other form.
        if let (true, Some(text)) = (made.stages.is_empty(), made.bytes.to_text()) {
            // EXPOSE: the same.
            self.masked.push(masks.add_converted(text.expose()));
        }
    }

    /// Warns of a value that is empty, or so short that not all is as usual.
    pub(super) fn check_length(&mut self, name: &str, value: &SecretText, watch: &mut Watch<'_>) {
        let line = self.mapping.line.name();
        // EXPOSE: only the length is looked at.
        let value = value.expose();
        if value.is_empty() {
            self.is_hidden_by_agent = false;
            watch.warn(&line, &format!("the value is empty, so `{name}` becomes empty"));
        } else if watch.masks.is_too_short(value) && !value.trim().is_empty() {
            self.warn_of_length(&line, name, value.chars().count(), watch);
        }
    }

    /// Warns of a value that is not hidden, or hides too much. The agent masks each secret variable, however short.
    fn warn_of_length(&mut self, line: &str, name: &str, length: usize, watch: &mut Watch<'_>) {
        let shortest = watch.agent.shortest_mask;
        if length < shortest {
            self.is_hidden_by_agent = false;
            watch.warn(line, &format!(
                "the value for `{name}` is too short to be hidden in logs: the agent is set to ignore secrets of less \
                 than {shortest} characters"
            ));
        } else if self.is_hidden_by_agent {
            watch.warn(
                line,
                &format!(
                    "the value for `{name}` is so short that the agent hides its characters wherever they are in a log"
                ),
            );
        } else {
            watch.warn(line, &format!("the value for `{name}` is too short to be hidden in logs"));
        }
    }

    /// The texts that have to be masked, and the names by which a warning speaks of them.
    pub(super) fn raw_texts(&self) -> Vec<(String, SecretText)> {
        match &self.secret {
            Secret::Text(text) | Secret::Json(text) => vec![(shown(self.mapping.destination.name()), text.clone())],
            Secret::Default(_) | Secret::Codes { .. } | Secret::Attachment(_) | Secret::Stored => Vec::new(),
            Secret::Record(fields) => {
                fields.iter().filter_map(|field| Some((shown(&field.name), field.text()?))).collect()
            }
        }
    }
}
