//! Why the task can't go on, in words for the person who wrote the pipeline.
//!
//! An [`Error`] is one sentence (lower case, no full stop) and perhaps a hint. It never holds a value, a key, the config,
//! a body or a URL.

use thiserror::Error;

use crate::text::{grouped, listed, shown, written};

/// What went wrong.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A message that is worded where it is found.
    #[error("{}", .0.text)]
    Worded(Box<Message>),
    // ---- the config -------------------------------------------------------------------------------------------
    /// There is no config.
    #[error(
        "there is no config; expected one in exactly one of the inputs `keepersecretconfig` and `keeperConnection` or \
         the environment variable `KSM_CONFIG`"
    )]
    ConfigEmpty,
    /// There is more than one config.
    #[error(
        "{first} and {second} both hold a config; expected one in exactly one of the inputs `keepersecretconfig` and \
         `keeperConnection` or the environment variable `KSM_CONFIG`"
    )]
    ConfigTwice {
        /// Where one is.
        first: &'static str,
        /// Where another one is.
        second: &'static str,
    },
    /// An input is none of the words that it can be.
    #[error("`{input}` is `{}`; expected {expected}", written(found))]
    Choice {
        /// The input.
        input: &'static str,
        /// What it is.
        found: String,
        /// What it can be.
        expected: &'static str,
    },
    /// A file of the author's can't be read.
    #[error("the file `{}` cannot be read: {}", written(path), shown(reason))]
    UnreadableFile {
        /// Its path.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The config is still the text `$(name)`: the agent found no such variable.
    #[error("the config is the text `$({})`: the pipeline has no variable of that name", written(name))]
    ConfigUndefined {
        /// The variable's name.
        name: String,
    },
    /// The config looks like the path of a file.
    #[error("the config looks like the path of a file; expected the config itself")]
    ConfigIsPath,
    /// The config is a one-time token.
    #[error("the config is a one-time token; expected one that is already bound to a device")]
    ConfigIsToken,
    /// The config was never bound: it still holds a one-time token and no application key.
    #[error("the config is not bound to a device yet: it has a `clientKey` but no `appKey`")]
    ConfigUnbound,
    /// The config is a JSON text inside quotes.
    #[error("the config is a JSON text inside quotes; expected it without the outer quotes")]
    ConfigQuoted,
    /// The config is neither JSON nor Base64.
    #[error("the config is neither JSON nor Base64")]
    ConfigNeitherJsonNorBase64,
    /// The config is Base64 of something that is not a config.
    #[error("the config is Base64 of {found}; expected Base64 of a JSON object")]
    ConfigDecodesTo {
        /// What it decodes to.
        found: &'static str,
    },
    /// The config's JSON is broken.
    #[error("the config's JSON is broken at line {line}, column {column}")]
    ConfigBrokenJson {
        /// Line in the JSON text, from 1.
        line: usize,
        /// Column in the JSON text, from 1.
        column: usize,
    },
    /// The config's JSON is cut off.
    #[error("the config's JSON ends too early (line {line}, column {column})")]
    ConfigCut {
        /// Line in the JSON text, from 1.
        line: usize,
        /// Column in the JSON text, from 1.
        column: usize,
    },
    /// The config is JSON, but not an object.
    #[error("the config is {found} in JSON; expected an object")]
    ConfigNotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// Members are missing.
    #[error("the config lacks {}", listed(names))]
    ConfigMissing {
        /// The missing members.
        names: Vec<String>,
        /// A member that is there but spelled otherwise, and how it should be spelled.
        misspelled: Option<(String, String)>,
    },
    /// Members hold something they can't hold.
    #[error("{}", members_shown(members))]
    ConfigMembers {
        /// Each member and what it should be.
        members: Vec<(&'static str, &'static str)>,
    },
    /// The config names a server key that is not known here.
    #[error("the config's `serverPublicKeyId` is {}, a server key that this task does not know", shown(id))]
    ConfigServerKey {
        /// The id in the config.
        id: String,
    },

    // ---- the mapping lines ------------------------------------------------------------------------------------
    /// A text is still a macro: the agent found no variable of that name.
    #[error("`$({})` was not replaced: the pipeline has no variable of that name", written(name))]
    UndefinedVariable {
        /// The variable's name.
        name: String,
    },
    /// A text of a file holds a macro, which the agent replaces in inputs only.
    #[error(
        "`$({})` is not replaced here: the agent replaces variables in the task's inputs, not in files",
        written(name)
    )]
    MacroInFile {
        /// The variable's name.
        name: String,
    },
    /// There is no mapping line.
    #[error("there is no mapping line, neither in `secrets` nor in `secretsFile`, and no template")]
    NoMappings,
    /// A line has no `>`.
    #[error("expected `notation > destination`, found no `>`")]
    MissingArrow,
    /// A line of `templates` has no `>`.
    #[error("expected `template > file`, found no `>`")]
    MissingTemplateArrow,
    /// Nothing stands before the `>`.
    #[error("expected a notation before the `>`, found nothing")]
    MissingNotation,
    /// Nothing stands behind the `>`, or behind the prefix.
    #[error("expected a {expected} after `{after}`, found nothing")]
    MissingDestination {
        /// What should follow.
        expected: &'static str,
        /// What it should follow.
        after: String,
    },
    /// A destination has a prefix that does not exist.
    #[error("unknown destination prefix `{}:`; expected `var:`, `out:`, `env:` or `file:`", written(prefix))]
    UnknownPrefix {
        /// The prefix without its colon.
        prefix: String,
        /// The prefix that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A form does not exist.
    #[error(
        "unknown form `{}`; expected `+base64`, `+unbase64`, `+json`, `+dotenv`, `+expand`, `+keepcase` or a file's mode such as `+0640`",
        written(form)
    )]
    UnknownForm {
        /// The form with its plus.
        form: String,
        /// The form that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A file's mode is none.
    #[error(
        "`{}` is no mode of a file; expected octal digits such as `+0640`, with which the owner can read",
        written(form)
    )]
    Mode {
        /// The form with its plus.
        form: String,
    },
    /// Two forms of one sort.
    #[error("`{}` comes after another form of its sort", written(form))]
    FormTwice {
        /// The form with its plus.
        form: String,
    },
    /// Forms that make no sense together, or with this secret or destination.
    #[error("{reason}")]
    FormsDoNotFit {
        /// Why not.
        reason: &'static str,
    },
    /// A path that can't be a file's.
    #[error("the path `{}` {problem}", written(path))]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two lines have one destination.
    #[error("`{}` is the destination of {first} as well", written(destination))]
    DuplicateDestination {
        /// The destination as written.
        destination: String,
        /// The earlier line, as in "line 3".
        first: String,
    },

    // ---- the notation -----------------------------------------------------------------------------------------
    /// A notation has no selector.
    #[error("the notation `{}` has no selector", written(notation))]
    MissingSelector {
        /// The notation.
        notation: String,
    },
    /// The record's UID or title is empty.
    #[error("expected a record's UID or title before the `/`, found nothing")]
    MissingRecord,
    /// The selector does not exist.
    #[error(
        "unknown selector `{}`; expected `field`, `custom_field`, `file`, `type`, `title` or `notes`",
        written(selector)
    )]
    UnknownSelector {
        /// The selector.
        selector: String,
        /// The selector that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `field`, `custom_field` and `file` need a name.
    #[error("`{selector}` needs {}", if *selector == "file" { "an attachment's name" } else { "a field's type or label" })]
    MissingParameter {
        /// The selector.
        selector: &'static str,
    },
    /// Something follows the end of a notation.
    #[error("unexpected text `{}` at the end of the notation", written(text))]
    TrailingText {
        /// The text.
        text: String,
    },
    /// A backslash stands before something it can't escape.
    #[error("a backslash escapes only `/`, `[`, `]` and `\\`; found {}", match found { Some(c) => format!("`\\{}`", shown(&c.to_string())), None => "one at the end".to_owned() })]
    BadEscape {
        /// The character after the backslash.
        found: Option<char>,
    },
    /// A `[` has no `]`.
    #[error("a `[` is never closed")]
    IndexUnclosed,
    /// A `[` stands inside of `[…]`.
    #[error("a `[` stands inside of `[…]`")]
    IndexNested,
    /// Something stands behind `[…]`.
    #[error("expected `[` or the end of the notation after `]`, found `{}`", written(text))]
    IndexFollowed {
        /// What stands there.
        text: String,
    },
    /// The first of two indexes is not a number.
    #[error("the index `[{}]` is not a number", written(index))]
    IndexNotANumber {
        /// The index.
        index: String,
    },
    /// An attachment has an index.
    #[error("an attachment has no index; found `{}`", written(index))]
    IndexOnFile {
        /// The index with its brackets.
        index: String,
    },

    /// A placeholder of a template has no end.
    #[error("`${{keeper://` is never closed; expected a `}}` on the same line")]
    PlaceholderUnclosed,
    /// A form of a placeholder does not exist.
    #[error("unknown form `{}`; expected `raw`, `json`, `yaml`, `xml`, `dotenv` or `base64`", written(form))]
    UnknownTemplateForm {
        /// The form.
        form: String,
        /// The form that was probably meant.
        nearest: Option<String>,
    },

    // ---- what the vault holds ---------------------------------------------------------------------------------

    // ---- what the agent can take ------------------------------------------------------------------------------
    /// What is not text can't be a variable.
    #[error("the content is not text (UTF-8 without NUL), so it cannot be a variable")]
    NotText,
    /// What is not text can't be quoted, nor stand in a template.
    #[error("the content is not text (UTF-8), so it cannot {purpose}")]
    NotTextFor {
        /// What it was to do, as in "stand in a template".
        purpose: &'static str,
    },
    /// A value that is to be decoded is no Base64.
    #[error("the value is not Base64, so it cannot be decoded")]
    NotBase64,
    /// A value that no quotes protect in a dotenv file.
    #[error(
        "the value of the field `{}` means different things to different readers of dotenv files, however it is quoted",
        shown(field)
    )]
    Dotenv {
        /// The field's label or type.
        field: String,
    },
    /// A value of a template that no quotes protect in a dotenv file.
    #[error("the value means different things to different readers of dotenv files, however it is quoted")]
    DotenvValue,
    /// A value of a template that XML has no way to write.
    #[error("the value holds a control character, which XML cannot hold")]
    Xml,
    /// Two fields of a record become one name.
    #[error("the fields `{}` and `{}` both become `{}`", shown(first), shown(second), shown(name))]
    FieldClash {
        /// The earlier field.
        first: String,
        /// The later field.
        second: String,
        /// The name.
        name: String,
    },
    /// A value is too large for the environment of later steps.
    #[error("the {what} has {} bytes; a variable can hold {} here", grouped(*size), grouped(*limit))]
    TooLarge {
        /// `value` or `attachment`.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },

    // ---- Keeper's servers -------------------------------------------------------------------------------------
    /// Keeper refused the request.
    #[error(
        "Keeper {} (status {status}{}){}",
        if *status >= 500 { "failed" } else { "refused the request" },
        code_shown(code),
        if message.is_empty() { String::new() } else { format!(": {}", shown(message)) }
    )]
    Refused {
        /// HTTP status.
        status: u16,
        /// Machine code such as `access_denied`, or empty.
        code: String,
        /// Keeper's message, or empty.
        message: String,
    },
    /// The server, or a proxy before it, can't answer now.
    #[error("{} is out of service (status {status})", shown(host))]
    OutOfService {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// Something that is not Keeper answered.
    #[error("{} answered with status {status} and {found}, not as Keeper does", shown(host))]
    NotKeeper {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// What the body is.
        found: &'static str,
    },
    /// The answer can't be opened.
    #[error("the answer of {} cannot be read: {reason}", shown(host))]
    BrokenAnswer {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Keeper wants a server key that can't be had.
    #[error("Keeper asks for the server key {}, {reason}", shown(id))]
    ServerKey {
        /// The id that Keeper names.
        id: String,
        /// Why it can't be used.
        reason: &'static str,
    },
    /// No connection, or it broke.
    #[error("no answer from {host}: {reason}")]
    Unreachable {
        /// The host, and the proxy on the way to it.
        host: String,
        /// The system's code such as `ENOTFOUND`, in words where there are any.
        reason: String,
    },
    /// The time limit was over before the answer was there.
    #[error("no whole answer from {host} within the time limit of {limit_s} s: {reason}")]
    OutOfTime {
        /// The host or the proxy that was waited for.
        host: String,
        /// The limit in seconds.
        limit_s: u64,
        /// What was waited for.
        reason: String,
    },
    /// The server's certificate was not accepted.
    #[error("the certificate of {host} is not accepted: {reason}")]
    Untrusted {
        /// The host or the proxy.
        host: String,
        /// What is wrong with it.
        reason: String,
        /// Whether it is only that nobody here knows its issuer.
        is_issuer_unknown: bool,
    },
    /// No connection to the proxy, or it broke.
    #[error("no answer from the proxy {proxy}: {reason}")]
    ProxyUnreachable {
        /// The proxy.
        proxy: String,
        /// The system's code, in words where there are any.
        reason: String,
    },
    /// The proxy answered and did not connect.
    #[error("the proxy {proxy} {problem} (status {status})")]
    ProxyRefused {
        /// The proxy.
        proxy: String,
        /// Its status.
        status: u16,
        /// What it means by that.
        problem: String,
    },
    /// A setting of the network cannot be used.
    #[error("`{}` {problem}", shown(name))]
    Setting {
        /// The input, or the agent's setting.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The input `timeoutInSeconds` is not a limit.
    #[error("`timeoutInSeconds` is `{}`; expected whole seconds from 1 to 3600", shown(written))]
    TimeLimit {
        /// What is written there.
        written: String,
    },
    /// A download failed.
    #[error("the download of the attachment `{}` failed with status {status}", shown(file))]
    Download {
        /// The attachment.
        file: String,
        /// HTTP status.
        status: u16,
    },
    /// A download broke off or brought something else.
    #[error("the download of the attachment `{}` failed: {reason}", shown(file))]
    BrokenDownload {
        /// The attachment.
        file: String,
        /// What happened.
        reason: String,
    },
    /// There was no way to an attachment.
    #[error("the download of the attachment `{}` failed: {cause}", shown(file))]
    UnreachableDownload {
        /// The attachment.
        file: String,
        /// Why not.
        cause: Box<Error>,
    },

    // ---- neither the author's nor Keeper's fault ---------------------------------------------------------------
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
    /// Something that can't happen did.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

const BOUND_CONFIG: &str = "make a bound config in Keeper Vault (Secrets Manager › application › Devices › Add Device › Configuration File) \
     or with `keeper secrets-manager client add --config-init b64`, and store it as a secret variable or in a service \
     connection";

/// A sentence, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: String,
    hint: Option<String>,
    is_absence: bool,
}

impl Error {
    /// An error in these words: lower case, one sentence, no full stop, nothing secret.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Worded(Box::new(Message { text: text.into(), hint: None, is_absence: false }))
    }

    /// An error that says that something is not there, which an optional line puts up with.
    pub(crate) fn absent(text: impl Into<String>) -> Self {
        Self::Worded(Box::new(Message { text: text.into(), hint: None, is_absence: true }))
    }

    /// The same error with what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Worded(message) = &mut self {
            message.hint = Some(hint.into());
        }
        self
    }

    /// What to do about it, if there is something to say.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one line for each error, best read as one table")]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Worded(message) => return message.hint.clone(),
            Self::ConfigEmpty => {
                format!("pass the config by a secret variable, as in `$(secret_config)`; {BOUND_CONFIG}")
            }
            Self::ConfigDecodesTo { found } if found.starts_with("Base64") => "decode it once".to_owned(),
            Self::ConfigUndefined { .. } | Self::UndefinedVariable { .. } => {
                "define it as a secret variable of the pipeline or link the variable group that holds it; \
                 variables of a group are not given to builds of forks"
                    .to_owned()
            }
            Self::ConfigIsPath => "pass the file's content, best by a secret variable".to_owned(),
            Self::ConfigIsToken | Self::ConfigUnbound => {
                format!("a one-time token works once, so a pipeline must not use it up; {BOUND_CONFIG}")
            }
            Self::ConfigDecodesTo { .. } | Self::ConfigNeitherJsonNorBase64 | Self::ConfigNotAnObject { .. } => {
                BOUND_CONFIG.to_owned()
            }
            Self::ConfigBrokenJson { .. } | Self::ConfigCut { .. } => {
                "copy it again as a whole; Base64 is safer to paste than JSON".to_owned()
            }
            Self::ConfigMissing { misspelled: Some((found, expected)), .. } => {
                format!("it has `{}`: write `{expected}`, capitals matter", shown(found))
            }
            Self::ConfigMissing { .. } | Self::ConfigMembers { .. } => {
                "the config was cut or changed: copy it again, or make a new one".to_owned()
            }
            Self::ConfigServerKey { .. } => {
                "known are 1 to 18; other servers need a `serverPublicKey` in the config".to_owned()
            }
            Self::NoMappings => {
                "write one line for each secret, as in `Database/field/password > var:DB_PASSWORD`".to_owned()
            }
            Self::MissingArrow => {
                "as in `Database/field/password > var:DB_PASSWORD`; a comment begins with `#`".to_owned()
            }
            Self::UnknownPrefix { nearest: Some(nearest), .. } => format!("did you mean `{nearest}:`?"),
            Self::UnknownPrefix { .. } => {
                "`var:` sets a variable of the job, no prefix an output variable; a name cannot hold a `:`".to_owned()
            }
            Self::UnknownForm { nearest: Some(nearest), .. } => format!("did you mean `+{nearest}`?"),
            Self::PlaceholderUnclosed => "write `$${keeper://` if it is to stay as it is".to_owned(),
            Self::UnknownTemplateForm { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownTemplateForm { .. } => {
                "a `|` in a name can be written only in a notation in Base64".to_owned()
            }
            Self::Dotenv { .. } => "use `file+json:`".to_owned(),
            Self::DotenvValue | Self::Xml | Self::NotTextFor { .. } => {
                "take it in Base64, as in `${keeper://… | base64}` or `+base64`".to_owned()
            }
            Self::MacroInFile { .. } => "move this line to the input `secrets`, or write the path itself".to_owned(),
            Self::UnreadableFile { reason, .. } if reason == NO_SUCH_FILE => {
                "the path begins at the default working directory; is the repository checked out in this job?"
                    .to_owned()
            }
            Self::FieldClash { .. } => "give one of them another label, or map them one by one".to_owned(),
            Self::DuplicateDestination { .. } => {
                "give each line a destination of its own; for variables upper and lower case make no difference"
                    .to_owned()
            }
            Self::MissingSelector { .. } => {
                "as in `Database/field/password`; a `/` in a title is written `\\/`".to_owned()
            }
            Self::UnknownSelector { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownSelector { .. } => "a `/` in a title is written `\\/`".to_owned(),
            Self::TrailingText { .. } => {
                "a `/` in a title, and a `[` in a label, is written with a backslash before it".to_owned()
            }
            Self::BadEscape { .. } => "write a backslash itself as `\\\\`".to_owned(),
            Self::IndexUnclosed | Self::IndexNested | Self::IndexFollowed { .. } | Self::IndexOnFile { .. } => {
                "a `[` in a name or label is written `\\[`".to_owned()
            }
            Self::IndexNotANumber { .. } => "as in `name[0][first]` or `name[first]`".to_owned(),
            Self::NotText => {
                "write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`, or take it in Base64, as \
                 in `> var+base64:NAME`"
                    .to_owned()
            }
            Self::TooLarge { .. } => {
                "write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`".to_owned()
            }
            Self::Refused { code, message, .. } => return refusal_hint(code, message),
            Self::NotKeeper { .. } => "check the config's hostname and any proxy in between".to_owned(),
            Self::ServerKey { .. } => "make a new config for this application".to_owned(),
            Self::Unreachable { .. } => {
                "check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)"
                    .to_owned()
            }
            Self::OutOfTime { .. } => {
                "if it is only slow, allow more by the input `timeoutInSeconds`; else check what stands between the agent \
                 and it"
                    .to_owned()
            }
            Self::Untrusted { is_issuer_unknown: true, .. } => {
                "if a proxy of your company stands in between, give its authority's certificate (PEM) by the input \
                 `caCertificate`, or by NODE_EXTRA_CA_CERTS on the agent; the check cannot be turned off"
                    .to_owned()
            }
            Self::Untrusted { .. } => {
                "check the config's hostname and any proxy in between; the check cannot be turned off".to_owned()
            }
            Self::ProxyUnreachable { .. } => {
                "check the proxy that the agent is configured with (`--proxyurl`), or HTTPS_PROXY".to_owned()
            }
            Self::ProxyRefused { status: 407, .. } => {
                "configure the agent with `--proxyusername` and `--proxypassword`, or let HTTPS_PROXY hold them, \
                 percent-encoded"
                    .to_owned()
            }
            Self::ProxyRefused { .. } => {
                "have the proxy allow this host, or name it in the agent's `.proxybypass` or in NO_PROXY".to_owned()
            }
            Self::Setting { name, .. } if name == "caCertificate" => {
                "give the certificate itself, from `-----BEGIN CERTIFICATE-----` on, or the path of such a file on the \
                 agent"
                    .to_owned()
            }
            Self::Setting { .. } => "as in `http://proxy.example.com:3128`, or with `https://`".to_owned(),
            Self::TimeLimit { .. } => "leave it out for 120 s".to_owned(),
            Self::UnreachableDownload { cause, .. } if matches!(**cause, Self::Unreachable { .. }) => {
                "the agent has to be allowed to connect to this host as well (port 443, proxy, firewall)".to_owned()
            }
            Self::UnreachableDownload { cause, .. } => return cause.hint(),
            Self::Download { status: 401 | 403, .. } => {
                "run the pipeline again; the address of an attachment is valid for a short time".to_owned()
            }
            Self::Download { status: 500.., .. } => {
                "Keeper's storage is out of order; run the pipeline again".to_owned()
            }
            Self::OutOfService { .. } => "try again later; if other clients work, look at the proxy".to_owned(),
            Self::Internal(_) => "please report this with the task's version".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

impl Error {
    /// Whether it says that something is not there, which an optional line puts up with.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Worded(message) if message.is_absence)
    }
}

/// Why a file of the author's can't be read, most of the time.
pub(crate) const NO_SUCH_FILE: &str = "there is no such file";

/// The likely causes of a refusal. Keeper tells them apart by its message at most.
fn refusal_hint(code: &str, message: &str) -> Option<String> {
    let hint = match code {
        "access_denied" if message.to_ascii_lowercase().contains("signature") => {
            "the config's private key does not belong to its device: make a new config"
        }
        "access_denied" => {
            "check in Keeper Vault that the device was not removed, has not expired and is not locked to another IP \
             address, and that the config is for this region"
        }
        "invalid_client_version" => "update this extension",
        "invalid_client" | "invalid_token" => "the device does not exist any more: make a new config",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// "the config's `a` is not X, and its `b` is not Y".
fn members_shown(members: &[(&'static str, &'static str)]) -> String {
    let mut parts = members.iter().map(|(name, expected)| format!("`{name}` is not {expected}"));
    let first = parts.next().unwrap_or_default();
    parts.fold(format!("the config's {first}"), |text, part| format!("{text}, and its {part}"))
}

fn code_shown(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(", {}", shown(code)) }
}

/// Whether a text has the form of a UID: 16 bytes in URL-safe Base64 without padding.
#[must_use]
pub fn is_uid_like(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
