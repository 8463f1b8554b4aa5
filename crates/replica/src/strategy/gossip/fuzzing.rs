//! For the fuzz targets: what a state says that it contains, bytes in and bytes out.

use super::memory::Memory;

/// Read and written again; `None`: it is nothing of the kind.
#[must_use]
pub fn memory_again(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Memory::decode(bytes)?.encode().to_vec())
}
