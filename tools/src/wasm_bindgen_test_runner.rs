//! `wasm-bindgen-test-runner`: runs a test binary compiled to WebAssembly in Node.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
