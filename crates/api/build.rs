//! Makes code of the definitions, without a `protoc` on the machine.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let definitions = protox::compile(["starling/v1/directory.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(definitions)?;
    Ok(())
}
