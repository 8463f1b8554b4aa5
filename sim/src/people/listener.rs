//! The one at each node who is in all rooms, says nothing, and reads histories for the run at its end.

use super::Home;
use super::rooms::OF_TALKERS;
use std::time::Duration;
use tokio::time::sleep;

const LOOKS: Duration = Duration::from_millis(200);

/// Comes in again whenever the session is lost.
pub(super) async fn listen(home: Home) {
    let mut attempts = 0;
    loop {
        let (conn, _) = home.enter("reader", None, OF_TALKERS, &mut attempts).await;
        home.door.set_reader(conn);
        while home.door.is_attached(conn) {
            sleep(LOOKS).await;
        }
        home.door.unset_reader();
    }
}
