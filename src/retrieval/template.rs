//! Templates on their way to files: placeholders become wishes, whose texts then fill the slots.

use std::rc::Rc;

use super::wish::{Slot, Wish};
use crate::inputs::mapping::TemplateOrder;
use crate::inputs::template::Template;
use crate::outputs::plan::{Content, Plan, PlannedFile};
use crate::outputs::report::Row;
use crate::secret::{SecretBytes, SecretText};
use crate::text::{counted, shown};

/// A file that a template becomes once its slots are filled.
pub(super) struct Draft {
    order: TemplateOrder,
    /// How many slots it has.
    slots: usize,
    /// The text after the last one.
    rest: String,
}

impl Draft {
    /// Splits a template into the file without its secrets, and a wish for each placeholder, in their order.
    pub(super) fn of(order: TemplateOrder, template: Template) -> (Self, Vec<Wish>) {
        let path = Rc::from(order.file.as_str());
        let Template { placeholders, rest } = template;
        let wishes: Vec<Wish> = placeholders.into_iter().map(|placeholder| Wish::of(placeholder, &path)).collect();
        (Self { order, slots: wishes.len(), rest }, wishes)
    }

    /// Adds the file to the plan, given the texts for the slots of all templates in their order.
    pub(super) fn plan(self, texts: &mut impl Iterator<Item = (Slot, SecretText)>, plan: &mut Plan) {
        const PRIVATE: u32 = 0o600;
        let Self { order, slots, rest } = self;
        let mut content = String::new();
        for (slot, text) in texts.take(slots) {
            content.push_str(&slot.before);
            // EXPOSE: the whole text is a secret again.
            content.push_str(text.expose());
        }
        content.push_str(&rest);
        let line = order.line.name();
        plan.report.rows.push(Row {
            line: line.clone(),
            secret: format!("{} ({})", shown(&order.template), counted(slots, "placeholder", "placeholders")),
            destination: shown(&order.line.destination()),
            masked: String::new(),
            masks: Vec::new(),
            is_hidden_by_agent: false,
        });
        plan.files.push(PlannedFile {
            line,
            path: order.file,
            mode: order.mode.unwrap_or(PRIVATE),
            content: Content::Bytes(SecretBytes::from(content.into_bytes())),
        });
    }
}
