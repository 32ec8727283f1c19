//! Many jobs of one device at once: whether all get their secrets, and when. The whole table is `npm run storm`.

#![cfg(not(target_arch = "wasm32"))]

mod support;

use support::storm::{Course, Rule, Storm, Throttle, pass};

const THROTTLES: [Throttle; 2] = [Throttle::Renewing, Throttle::Window];

fn course(jobs: usize, within_s: u64, throttle: Throttle) -> Course {
    pass(Storm { jobs, within_s, throttle, status: 429, seed: 7 }, Rule::Task)
}

#[test]
fn everybody_gets_their_secrets_in_time() {
    for (jobs, within_s, almost_all_s, all_s, requests) in [
        // These are too few to be throttled, so each asks once.
        (50, 1, 2, 2, 50),
        (100, 10, 11, 11, 100),
        (300, 1, 45, 45, 600),
        (300, 10, 46, 46, 800),
        (1_000, 10, 150, 180, 5_500),
        (1_000, 60, 220, 220, 6_600),
    ] {
        for throttle in THROTTLES {
            let course = course(jobs, within_s, throttle);
            let storm = format!("{jobs} jobs in {within_s} s, {throttle:?}");
            assert_eq!(course.ends_ms.len(), jobs, "{storm}");
            let until_s = |percent| course.until_ms(jobs, percent).unwrap_or(u64::MAX) / 1000;
            assert!(until_s(99) <= almost_all_s, "{storm}: {} s", until_s(99));
            assert!(until_s(100) <= all_s, "{storm}: {} s", until_s(100));
            assert!(course.requests <= requests, "{storm}: {} requests", course.requests);
        }
    }
}

#[test]
fn the_rule_of_keepers_sdks_fails_half_of_a_thousand_jobs() {
    let storm = Storm { jobs: 1_000, within_s: 10, throttle: Throttle::Renewing, status: 429, seed: 7 };
    assert_eq!(pass(storm, Rule::Sdk).ends_ms.len(), 500);
}

#[test]
fn both_statuses_are_waited_out_alike() {
    for status in [429, 403] {
        let storm = Storm { jobs: 250, within_s: 1, throttle: Throttle::Renewing, status, seed: 7 };
        assert_eq!(pass(storm, Rule::Task).ends_ms.len(), 250, "{status}");
    }
}
