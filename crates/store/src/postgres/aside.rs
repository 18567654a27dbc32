//! What is done by the side, seldom, on one connection: rolling up, taking work for this server.

use crate::postgres::connection::{Connection, Connector, Trouble, away, within};
use crate::postgres::look::Homes;
use crate::postgres::{read_homes, roll_up};
use core::time::Duration;
use records::StoreError;
use std::sync::{Arc, PoisonError, Weak};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How often the sequencer rolls up by itself: so far may the stored chain and balances lag behind.
const ROLL_UP_EVERY: Duration = Duration::from_millis(500);
/// Every so many rounds, some hours.
const FORGET_EVERY: u32 = 20_000;
/// How long a server keeps work that it took, unless it takes it again.
const LEASE: &str = "10 seconds";
/// How long a chore may take.
const CHORE_MAX: Duration = Duration::from_secs(10);
/// How often one is tried at once.
const TRIES_MAX: usize = 3;

const TAKE: &str = "INSERT INTO leases (work, holder, until) VALUES ($1, $2, now() + $3::text::interval) \
     ON CONFLICT (work) DO UPDATE SET holder = excluded.holder, until = excluded.until \
     WHERE leases.holder = excluded.holder OR leases.until < now()";

/// One thing to do.
#[derive(Clone, Copy)]
pub(super) enum Chore<'a> {
    /// Rolls up, and looks which homes there are.
    RollUp,
    /// Takes work for this server; done if it has it.
    Take { work: &'a str, holder: &'a str },
    /// Forgets writers of servers that are gone for good. One that is not makes itself known again.
    Forget,
    /// Lets others have the work that this server has.
    GiveBack { holder: &'a str },
}

/// Whoever does chores, one after the other.
pub(super) struct Aside {
    connector: Connector,
    homes: Homes,
    connection: Mutex<Option<Connection>>,
}

impl Aside {
    pub(super) fn new(connector: Connector, homes: Homes, connection: Connection) -> Self {
        Self { connector, homes, connection: Mutex::new(Some(connection)) }
    }

    /// Does a chore, on a connection that is made anew if it broke. Tells whether it was done.
    pub(super) async fn act(&self, chore: Chore<'_>) -> Result<bool, StoreError> {
        let mut place = self.connection.lock().await;
        let mut last = String::new();
        for _ in 0..TRIES_MAX {
            let mut connection = match place.take() {
                Some(connection) if !connection.client.is_closed() => connection,
                _ => match self.connector.connect().await {
                    Ok(connection) => connection,
                    Err(error) => return Err(away(&error)),
                },
            };
            match within(CHORE_MAX, self.once(&mut connection, chore)).await {
                Ok(done) => {
                    *place = Some(connection);
                    return Ok(done);
                }
                Err(Trouble::Refused(error)) => {
                    *place = Some(connection);
                    return Err(error);
                }
                Err(Trouble::Again(error)) => {
                    *place = Some(connection);
                    last = error;
                }
                Err(Trouble::Lost(error)) => last = error,
            }
        }
        Err(away(&last))
    }

    async fn once(&self, connection: &mut Connection, chore: Chore<'_>) -> Result<bool, Trouble> {
        match chore {
            Chore::RollUp => {
                roll_up::roll_up(connection).await?;
                let found = read_homes(connection).await?;
                self.homes.write().unwrap_or_else(PoisonError::into_inner).extend(found);
                Ok(true)
            }
            Chore::Take { work, holder } => {
                Ok(connection.client.execute(TAKE, &[&work, &holder, &LEASE]).await? == 1)
            }
            Chore::Forget => {
                let old = "DELETE FROM writers WHERE seen_at < now() - interval '30 days'";
                connection.client.execute(old, &[]).await?;
                Ok(true)
            }
            Chore::GiveBack { holder } => {
                connection.client.execute("DELETE FROM leases WHERE holder = $1", &[&holder]).await?;
                Ok(true)
            }
        }
    }
}

/// Rolls up now and then, for as long as the store is there. It may run in each server: the sequencer's row lets in one
/// at a time.
pub(super) async fn roll_up_always(aside: Weak<Aside>) {
    let mut round = 0_u32;
    loop {
        sleep(ROLL_UP_EVERY).await;
        let Some(aside): Option<Arc<Aside>> = aside.upgrade() else { return };
        if round.is_multiple_of(FORGET_EVERY) {
            // Tried again in time.
            let _ = aside.act(Chore::Forget).await;
        }
        round = round.wrapping_add(1);
        if let Err(error) = aside.act(Chore::RollUp).await {
            tracing::warn!(%error, "audit and balances could not be rolled up; it is retried");
        }
    }
}
