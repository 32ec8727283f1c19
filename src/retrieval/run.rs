//! What all steps share once the inputs are valid.

use std::collections::HashSet;
use std::rc::Rc;

use super::asking::{Ask, Question, Then};
use super::rendered::Rendered;
use super::rules::Rules;
use super::template::Draft;
use super::transfer::Transfer;
use super::wish::Wish;
use super::{Env, Notice, Options, Step};
use crate::crypto::aes_gcm::Gcm;
use crate::error::is_uid_like;
use crate::inputs::Mode;
use crate::inputs::config::Config;
use crate::inputs::mapping::{Mapping, TemplateOrder};
use crate::inputs::name::KnownNames;
use crate::inputs::template::Template;
use crate::outputs::report::Report;
use crate::protocol::clock::ServerClock;
use crate::protocol::request;
use crate::protocol::retry::{Patience, THROTTLE_LIMIT_MS};
use crate::protocol::server_keys::ServerKeys;

/// A run whose inputs are valid.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) server_keys: ServerKeys,
    pub(super) mode: Mode,
    pub(super) gcm: Rc<dyn Gcm>,
    pub(super) rules: Rules,
    pub(super) patience: Patience,
    pub(super) clock: ServerClock,
    /// How long a server may be silent, in milliseconds.
    pub(super) silence_ms: u64,
    /// The lines whose secrets are available, in no order.
    pub(super) rendered: Vec<Rendered>,
    /// Downloads to disk, once everything else is available.
    pub(super) to_disk: Vec<Transfer>,
    pub(super) drafts: Vec<Draft>,
    /// The filter with which Keeper returned all that is needed.
    pub(super) filter: Vec<String>,
    /// Keeper's messages so far, as a second request repeats them.
    pub(super) told: Vec<Notice>,
    pub(super) report: Report,
}

impl Run {
    pub(super) fn new(
        (config, server_keys): (Config, ServerKeys),
        mode: Mode,
        names: KnownNames,
        options: &Options,
        gcm: Rc<dyn Gcm>,
    ) -> Box<Self> {
        // EXPOSE: the number derived from it reveals no more than a second of the day.
        let device = config.client_id.expose().as_bytes();
        let patience = Patience::new(options.timeout_ms, THROTTLE_LIMIT_MS, device);
        let rules = Rules { agent: options.agent, names };
        Box::new(Self {
            config,
            server_keys,
            mode,
            gcm,
            rules,
            patience,
            clock: ServerClock::default(),
            silence_ms: request::SILENCE_MS,
            rendered: Vec::new(),
            to_disk: Vec::new(),
            drafts: Vec::new(),
            filter: Vec::new(),
            told: Vec::new(),
            report: Report::default(),
        })
    }

    /// Applies the author's limit to requests, to throttling and to a server's silence.
    pub(super) fn obey_limit(&mut self, limit_ms: u64) {
        self.patience.set_limit(limit_ms);
        self.silence_ms = self.silence_ms.max(limit_ms);
    }

    /// Requests the records that mapping lines and templates name.
    pub(super) fn ask_for(
        mut self: Box<Self>,
        mappings: Vec<Mapping>,
        templates: Vec<(TemplateOrder, Template)>,
        env: &mut Env<'_>,
    ) -> Step {
        let mut wishes: Vec<Wish> = mappings.into_iter().map(Wish::from).collect();
        for (order, template) in templates {
            let (draft, placeholders) = Draft::of(order, template);
            self.drafts.push(draft);
            wishes.extend(placeholders);
        }
        self.patience.start(env.now_ms);
        let names: Vec<&String> = wishes.iter().map(|wish| &wish.notation.record).collect();
        let mut filter: Vec<String> = Vec::new();
        // A single title means that all records are fetched, as titles are inside the encrypted records.
        if names.iter().all(|name| is_uid_like(name)) {
            let mut seen = HashSet::new();
            filter = names.into_iter().filter(|name| seen.insert(name.as_str())).cloned().collect();
        }
        Ask::step(self, Question { filter, then: Then::Find(wishes) }, 0, env)
    }
}
