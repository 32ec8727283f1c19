//! No text makes the notation parser panic, and every fault is within the text.
#![no_main]
use ksm_task::inputs::notation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(fault) = notation::parse(text) {
        assert!(fault.start + fault.length <= text.chars().count().max(fault.start));
    }
});
