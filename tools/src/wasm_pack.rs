//! `wasm-pack`: builds the core for Node and runs its tests there.
//!
//! Unlike the original it never asks the registry whether there is a newer version.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    let arguments = wasm_pack::Cli::parse();
    wasm_pack::PBAR.set_log_level(arguments.log_level);
    wasm_pack::PBAR.set_quiet(arguments.quiet);
    wasm_pack::command::run_wasm_pack(arguments.cmd)
}
