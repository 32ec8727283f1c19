//! No text makes the parser of mapping lines panic, and every fault is within its line.
#![no_main]
use ksm_task::inputs::mapping::{self, Source};
use ksm_task::inputs::path::Platform;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
        let found = mapping::parse(&[Source { file: None, text }], platform);
        for problem in found.err().into_iter().flatten() {
            let place = problem.place.as_ref().expect("a place");
            assert!(place.column <= place.text.chars().count() + 1);
            assert!(!problem.render().is_empty());
        }
    }
});
