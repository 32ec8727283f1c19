//! A template on its way to a file: its placeholders become lines of their own, and their values go back between its
//! pieces of text.

use super::preparation::Template;
use crate::error::Error;
use crate::inputs::mapping::Mapping;
use crate::inputs::template::{Piece, Placeholder};
use crate::outputs::plan::{Content, Plan, PlannedFile, Row};
use crate::problem::Problem;
use crate::secret::SecretBytes;
use crate::text::{counted, shown};

impl Template {
    /// A line for each placeholder, in their order.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = Mapping> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(placeholder) => Some(self.mapping(placeholder)),
            Piece::Text(_) => None,
        })
    }

    fn mapping(&self, placeholder: &Placeholder) -> Mapping {
        let Placeholder { notation, forms, default, line } = placeholder.clone();
        Mapping { default, ..line.placed(notation, self.order.destination.clone(), forms) }
    }

    /// Adds the file to the plan, given the placeholders' values in their order.
    pub(super) fn plan(&self, values: &mut impl Iterator<Item = SecretBytes>, plan: &mut Plan) -> Result<(), Problem> {
        const PRIVATE: u32 = 0o600;
        let mut text = String::new();
        let mut count = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Placeholder(placeholder) => {
                    // INVARIANT: there is a value for each placeholder, and `Item` has made sure that it is text.
                    let value = values.next().and_then(|value| value.to_text());
                    let missing =
                        || placeholder.line.notation_problem(Error::Internal("a placeholder without a value"));
                    // EXPOSE: the whole text is a secret again.
                    text.push_str(value.ok_or_else(missing)?.expose());
                    count += 1;
                }
            }
        }
        let order = &self.order;
        let line = order.line.name();
        plan.report.rows.push(Row {
            line: line.clone(),
            secret: format!("{} ({})", shown(&order.line.notation()), counted(count, "placeholder", "placeholders")),
            destination: shown(&order.line.destination()),
            masked: String::new(),
            masks: Vec::new(),
            is_hidden_by_agent: false,
        });
        plan.files.push(PlannedFile {
            line,
            path: order.destination.name().to_owned(),
            mode: order.forms.mode.unwrap_or(PRIVATE),
            content: Content::Bytes(SecretBytes::from(text.into_bytes())),
        });
        Ok(())
    }
}
