//! What a mapping line, or a placeholder of a template, asks for.

use std::rc::Rc;

use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::forms::Forms;
use crate::inputs::line::Line;
use crate::inputs::mapping::Mapping;
use crate::inputs::notation::Notation;
use crate::inputs::template::Placeholder;
use crate::problem::Problem;

/// A secret that is wanted, and where it goes.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) notation: Notation,
    pub(super) forms: Forms,
    pub(super) target: Target,
    pub(super) absence: Absence,
    pub(super) line: Line,
}

/// Where a secret goes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// To a variable or a file of its own.
    Own(Destination),
    /// Into the file that a template becomes.
    Slot(Slot),
}

/// A placeholder's place in the file that a template becomes.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The file's path.
    pub(super) path: Rc<str>,
    /// The text between the placeholder before it and this one.
    pub(super) before: String,
}

/// What happens if there is no such secret.
#[derive(Debug)]
pub(super) enum Absence {
    /// The line fails.
    Fails,
    /// The line is skipped.
    Skipped,
    /// A default takes its place.
    Default(Box<str>),
}

impl From<Mapping> for Wish {
    fn from(Mapping { notation, destination, forms, is_optional, line }: Mapping) -> Self {
        let absence = if is_optional { Absence::Skipped } else { Absence::Fails };
        Self { notation, forms, target: Target::Own(destination), absence, line }
    }
}

impl Wish {
    /// The wish of a placeholder in a template that becomes this file.
    pub(super) fn of(placeholder: Placeholder, path: &Rc<str>) -> Self {
        let Placeholder { before, notation, forms, default, line } = placeholder;
        let target = Target::Slot(Slot { path: Rc::clone(path), before });
        Self { notation, forms, target, absence: default.map_or(Absence::Fails, Absence::Default), line }
    }

    /// A problem with what is asked for.
    pub(super) fn problem(&self, error: Error) -> Problem {
        self.line.notation_problem(error)
    }
}

impl Target {
    /// The variable's name or the file's path.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Own(destination) => destination.name(),
            Self::Slot(slot) => &slot.path,
        }
    }

    /// Whether it is a file, or a part of one.
    pub(super) fn is_file(&self) -> bool {
        match self {
            Self::Own(destination) => destination.is_file(),
            Self::Slot(_) => true,
        }
    }
}
