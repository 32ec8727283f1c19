//! Preparation before any request: which of the author's files are needed, and whether all that was written is valid.

use std::collections::HashMap;

use super::{FileOutcome, Options};
use crate::codes::codes;
use crate::error::Error;
use crate::inputs::config::{self, Config};
use crate::inputs::destination::Destination;
use crate::inputs::line;
use crate::inputs::mapping::{self, Mapping, Source, TemplateOrder};
use crate::inputs::name;
use crate::inputs::template::{self, Template};
use crate::inputs::{Inputs, Mode, OutputPolicy};
use crate::outputs::plan::Agent;
use crate::problem::Problem;
use crate::protocol::server_keys::ServerKeys;
use crate::text::{decode, grouped, shown, utf_16};

/// Everything that the author wrote, parsed.
pub(super) struct Prepared {
    /// The config and the server's key; `None` if no request will be sent.
    pub(super) access: Option<(Config, ServerKeys)>,
    /// Mapping lines.
    pub(super) mappings: Vec<Mapping>,
    /// Templates.
    pub(super) templates: Vec<(TemplateOrder, Template)>,
    /// How much is to be done.
    pub(super) mode: Mode,
    /// How long Keeper may take, if the author says so.
    pub(super) timeout_ms: Option<u64>,
    /// Whether to warn about output variables.
    pub(super) warns_of_outputs: bool,
}

/// The files that have to be read first: that of the input `secretsFile`, and the templates.
pub(super) fn wanted_files(inputs: &Inputs, agent: Agent) -> Vec<String> {
    let lines = Some(inputs.secrets_file.trim()).filter(|path| !path.is_empty()).map(str::to_owned);
    let templates = mapping::parse_templates(&inputs.templates, agent.platform).unwrap_or_default();
    lines.into_iter().chain(templates.into_iter().map(|order| order.template)).collect()
}

/// Reads everything, given the files in the order in which they were wanted.
///
/// # Errors
/// All problems.
pub(super) fn prepare(inputs: &Inputs, options: &Options, files: Vec<FileOutcome>) -> Result<Prepared, Vec<Problem>> {
    let agent = options.agent;
    let mut problems: Vec<Problem> = Vec::new();
    let mut note = |error: Error| problems.push(error.into());
    let mode = inputs.parse_mode().map_err(&mut note).unwrap_or_default();
    let policy = inputs.parse_output_policy().map_err(&mut note).unwrap_or_default();
    inputs.check_keep_files().unwrap_or_else(&mut note);
    let timeout_ms = inputs.parse_timeout_ms().map_err(&mut note).unwrap_or_default();
    let access = match mode {
        Mode::Validate => None,
        Mode::Run | Mode::Check => inputs.only_config().and_then(read_access).map_err(&mut note).ok(),
    };
    let mut files = files.into_iter();
    let path = inputs.secrets_file.trim();
    let lines = match path {
        "" => None,
        path => files
            .next()
            .and_then(|file| read_text(file, path, |reason| unreadable_file(path, reason)).map_err(&mut note).ok()),
    };
    let mut sources = vec![Source { file: None, text: &inputs.secrets }];
    sources.extend(lines.as_deref().map(|text| Source { file: Some(path), text }));
    let mappings = mapping::parse(&sources, agent.platform).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let templates = read_templates(inputs, agent, files, &mappings).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let of_templates = templates.iter().map(|(order, _)| (order.file.as_str(), &order.line));
    let files = mappings.iter().filter_map(Mapping::file).chain(of_templates);
    problems.extend(mapping::files_in_files(files, agent.platform));
    if problems.is_empty() && mappings.is_empty() && templates.is_empty() {
        problems.push(nothing_to_do().into());
    }
    let outputs = mappings.iter().filter(|mapping| mapping.destination.is_output());
    if policy == OutputPolicy::Deny {
        let denied = outputs.clone().map(|mapping| mapping.line.destination_problem(output_denied()));
        problems.extend(denied);
    }
    problems.extend(mappings.iter().filter_map(|mapping| {
        let error = name::check_in_job(&mapping.destination, &options.job).err()?;
        Some(mapping.line.destination_problem(error))
    }));
    let warns_of_outputs = policy == OutputPolicy::Warn && outputs.count() > 0;
    if problems.is_empty() {
        Ok(Prepared { access, mappings, templates, mode, timeout_ms, warns_of_outputs })
    } else {
        Err(problems)
    }
}

fn read_access(text: &str) -> Result<(Config, ServerKeys), Error> {
    let config = config::parse(text)?;
    let keys = ServerKeys::for_config(&config)?;
    Ok((config, keys))
}

fn read_templates(
    inputs: &Inputs,
    agent: Agent,
    mut files: impl Iterator<Item = FileOutcome>,
    mappings: &[Mapping],
) -> Result<Vec<(TemplateOrder, Template)>, Vec<Problem>> {
    let orders = mapping::parse_templates(&inputs.templates, agent.platform)?;
    let mut taken: HashMap<_, String> = mappings
        .iter()
        .flat_map(|mapping| {
            let name = mapping.line.name();
            mapping.destination.identities(agent.platform).into_iter().map(move |identity| (identity, name.clone()))
        })
        .collect();
    let mut templates = Vec::new();
    let mut problems = Vec::new();
    let mut placeholders = 0;
    for order in orders {
        let identities = Destination::File(order.file.clone()).identities(agent.platform);
        if let Some(first) = identities.into_iter().find_map(|identity| taken.insert(identity, order.line.name())) {
            problems.push(order.line.destination_problem(mapping::duplicate(&first)));
        }
        let file = files.next().unwrap_or_default();
        match read_template(file, &order.template).map_err(|error| vec![order.line.notation_problem(error)]) {
            Ok(text) if count_placeholders(&text, &mut placeholders) > MAX_PLACEHOLDERS => {
                problems.push(order.line.notation_problem(too_many_placeholders()));
                break;
            }
            Ok(text) => match template::parse(&order.template, &text) {
                Ok(template) => templates.push((order, template)),
                Err(found) => problems.extend(found),
            },
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(templates) } else { Err(problems) }
}

/// The most placeholders in all templates of a step.
const MAX_PLACEHOLDERS: usize = 10_000;

/// Adds the number of a template's placeholders, faulty ones included, to that of the templates before it.
fn count_placeholders(text: &str, count: &mut usize) -> usize {
    *count += text.matches("keeper://").count();
    *count
}

fn too_many_placeholders() -> Error {
    let limit = grouped(MAX_PLACEHOLDERS as u64);
    Error::new(format!("with this template there are more than {limit} placeholders, the most that a step takes"))
        .with_hint(
            "spread the templates over several steps, or write a record as a whole by `file+json:` or `file+dotenv:`",
        )
}

codes! {
    /// Why a file cannot be read, by the code that Node or the reader gives.
    UNREADABLE: (&str, &str), FILE_CODES of "FileCode" {
        ("ENOENT", "there is no such file"),
        ("EACCES", "the agent has no permission"),
        ("EPERM", "the agent has no permission"),
        ("EISDIR", "it is a folder"),
        ("NOT_A_FILE", "it is not a plain file"),
        ("TOO_LARGE", "it has more than 4 MiB"),
        ("TOO_MUCH", "the files that the step reads have more than 64 MiB together"),
        ("OUTSIDE", "it is outside of the working directory, or a link leads there"),
        ("ENOTDIR", "a part of its path is not a folder"),
        ("ENAMETOOLONG", "its path is too long"),
        ("ELOOP", "its symbolic links form a loop"),
    }
}

fn unreadable_file(path: &str, reason: &str) -> Error {
    Error::new(format!("the file `{}` cannot be read: {reason}", shown(path)))
}

fn unreadable_template(reason: &str) -> Error {
    Error::new(format!("the template cannot be read: {reason}"))
}

/// A template's text. The file will have the same encoding, so UTF-16 is refused.
fn read_template(file: FileOutcome, path: &str) -> Result<String, Error> {
    match &file.body {
        Some(body) if utf_16(body).is_some() => {
            Err(unreadable_template("it is in UTF-16").with_hint("save it in UTF-8"))
        }
        _ => read_text(file, path, unreadable_template),
    }
}

fn read_text(file: FileOutcome, path: &str, refused: impl Fn(&str) -> Error) -> Result<String, Error> {
    if let Some(body) = file.body {
        return decode(&body).ok_or_else(|| refused("it is neither UTF-8 nor UTF-16"));
    }
    let code = file.code.unwrap_or_default();
    let known = UNREADABLE.iter().find(|(known, _)| *known == code);
    let error = refused(known.map_or(&shown(&code), |(_, reason)| reason));
    Err(match code.as_str() {
        "ENOENT" if line::has_macro(path) => {
            error.with_hint("`$(…)` was not replaced: the pipeline has no variable of that name")
        }
        "ENOENT" => error
            .with_hint("the path begins at the default working directory; is the repository checked out in this job?"),
        _ => error,
    })
}

fn nothing_to_do() -> Error {
    Error::new("there is no mapping line, neither in `secrets` nor in `secretsFile`, and no template")
        .with_hint("write one line for each secret, as in `Database/field/password > var:DB_PASSWORD`")
}

fn output_denied() -> Error {
    Error::new("`outputPolicy` denies secret output variables")
        .with_hint("use `var:`, and fetch the secret again in each job that needs it")
}
