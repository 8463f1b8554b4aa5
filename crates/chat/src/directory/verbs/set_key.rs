//! SET KEY: a session outlives its connection from now on.

use crate::SessionId;
use crate::directory::state::Answer;
use crate::directory::{Digest, Directory, DirectoryRefusal};

pub(in crate::directory) fn set_key(
    directory: &mut Directory,
    id: SessionId,
    key: Digest,
) -> Answer {
    if directory.session(id).is_none() {
        return Err(DirectoryRefusal::UnknownSession);
    }
    directory.keys.set(id, key);
    Ok(Vec::new())
}
