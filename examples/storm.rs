//! The table and the picture of `docs/storm.md`: many jobs of one device at once, by the task's rule and by that of Keeper's
//! SDKs. `npm run storm` runs it and writes both.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::print_stdout, reason = "what it finds is printed")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;

use support::storm::{Course, Rule, Storm, Throttle, pass};

const JOBS: [usize; 5] = [50, 100, 300, 1_000, 3_000];
const WITHIN_S: [u64; 3] = [1, 10, 60];
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

fn main() -> std::io::Result<()> {
    let mut table = String::from(HEAD);
    for throttle in [Throttle::Renewing, Throttle::Window] {
        for jobs in JOBS {
            for within_s in WITHIN_S {
                for rule in [Rule::Task, Rule::Sdk] {
                    let row = row(jobs, within_s, throttle, rule);
                    println!("{row}");
                    table.push_str(&row);
                    table.push('\n');
                }
            }
        }
    }
    std::fs::write("docs/storm.svg", picture())?;
    let page = std::fs::read_to_string("docs/storm.md")?;
    let start = page.split(MARK).next().unwrap_or_default();
    std::fs::write("docs/storm.md", format!("{start}{MARK}\n\n{table}"))
}

const MARK: &str = "<!-- Written by `npm run storm`. -->";
const HEAD: &str = "| Server | Jobs | Within | Rule | Succeed | Half | 99 % | All | Requests | Longest wait |\n\
                    | --- | --: | --: | --- | --: | --: | --: | --: | --: | --: |\n";

/// The worst of several storms, with either status.
fn row(jobs: usize, within_s: u64, throttle: Throttle, rule: Rule) -> String {
    let courses: Vec<Course> = SEEDS
        .iter()
        .map(|seed| {
            let status = if seed % 2 == 0 { 403 } else { 429 };
            pass(Storm { jobs, within_s, throttle, status, seed: *seed }, rule)
        })
        .collect();
    let succeed = courses.iter().map(|course| course.ends_ms.len() * 100 / jobs).min().unwrap_or_default();
    let until = |percent| {
        let times: Option<Vec<u64>> = courses.iter().map(|course| course.until_ms(jobs, percent)).collect();
        times.and_then(|times| times.into_iter().max()).map_or("never".to_owned(), seconds)
    };
    let requests = courses.iter().map(|course| course.requests).max().unwrap_or_default();
    let longest = courses.iter().map(|course| course.longest_ms).max().unwrap_or_default();
    let server = if throttle == Throttle::Renewing { "renewing ban" } else { "window of 10 s" };
    let rule = if rule == Rule::Task { "**the task**" } else { "SDK" };
    format!(
        "| {server} | {jobs} | {within_s} s | {rule} | {succeed} % | {} | {} | {} | {requests} | {} |",
        until(50),
        until(99),
        until(100),
        seconds(longest)
    )
}

fn seconds(ms: u64) -> String {
    format!("{} s", ms.div_ceil(1000))
}

/// Over time, how many of a thousand jobs that start within ten seconds have their secrets, under the renewing ban.
fn picture() -> String {
    const WIDTH: u64 = 400;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 300\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>A thousand jobs of one device that start within ten seconds</title>\n\
         <rect width=\"520\" height=\"300\" fill=\"#fff\"/>\n",
    );
    for jobs in [0, 250, 500, 750, 1_000] {
        let y = 250 - jobs / 5;
        let _ = writeln!(
            svg,
            "<path d=\"M50 {y}H450\" stroke=\"#ddd\"/><text x=\"44\" y=\"{}\" text-anchor=\"end\">{jobs}</text>",
            y + 4
        );
    }
    for at_s in [0, 100, 200, 300, 400] {
        let _ = writeln!(svg, "<text x=\"{}\" y=\"268\" text-anchor=\"middle\">{at_s} s</text>", 50 + at_s);
    }
    for (rule, colour, name, x, y) in [
        (Rule::Task, "#0969da", "the task: all", 180, 44),
        (Rule::Sdk, "#cf222e", "Keeper\u{2019}s SDKs: half", 330, 142),
    ] {
        let storm = Storm { jobs: 1_000, within_s: 10, throttle: Throttle::Renewing, status: 429, seed: 1 };
        let ends_ms = pass(storm, rule).ends_ms;
        let mut line = String::from("M50 250");
        for at_s in 0..=WIDTH {
            let count = ends_ms.iter().filter(|end_ms| **end_ms <= at_s * 1000).count();
            let _ = write!(line, "L{} {}", 50 + at_s, 250 - count / 5);
        }
        let _ = writeln!(
            svg,
            "<path d=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{name}</text>"
        );
    }
    svg.push_str("<text x=\"250\" y=\"290\" text-anchor=\"middle\">jobs of 1,000 that have their secrets, under the renewing ban</text>\n</svg>\n");
    svg
}
