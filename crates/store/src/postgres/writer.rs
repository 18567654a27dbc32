//! A writer: takes what waits, carries it out as one transaction, answers once that is durable.
//!
//! Two round trips for a batch: one reads and locks what its commands look at, one writes and commits. Each batch moves
//! its writer's mark on, in the same transaction: after a lost connection the mark tells whether the batch was committed,
//! and no batch of a connection that is gone can be committed later.

use crate::commands;
use crate::failpoint;
use crate::fault::Fault;
use crate::postgres::cache::Cache;
use crate::postgres::connection::{Connection, Connector, Text, Trouble, away, told, within};
use crate::postgres::home;
use crate::postgres::look::{Homes, all_homes};
use crate::postgres::news::{News, Teller};
use crate::postgres::session::{Action, Lot, Lots, PostgresSession};
use crate::postgres::statements::{BEGIN_BATCH, KNOW_HOME, Kind, LAST_BATCH, WRITE_BATCH};
use crate::postgres::wanted::{Slices, Wanted, slices};
use crate::postgres::wish::Wishes;
use crate::row;
use crate::tables::{APPROVALS, CONFIRMATIONS, EFFECTS_DUE, Life, WEBHOOKS};
use core::time::Duration;
use futures_util::future::{join_all, try_join, try_join3};
use records::{AuditEntry, Balance, Command, Outcome, StoreError};
use std::sync::{Arc, PoisonError};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

/// The most commands that may wait; more are told that the store is busy.
pub(super) const QUEUE_LIMIT: usize = 4_096;
/// The most commands in one batch, so that the first of them does not wait for too many others.
const BATCH_LIMIT: usize = 256;
/// How long a batch may take before its connection counts as gone.
const BATCH_TIME_MAX: Duration = Duration::from_secs(5);
/// How long it is tried to carry a batch out, or to find out what became of it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// How long a command may have waited for its turn; an older one is not tried any more.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How often a batch is tried as a whole while others are in the way; then each command by itself.
const WHOLE_TRIES_MAX: usize = 3;
/// How often one command is.
const SINGLE_TRIES_MAX: usize = 20;
/// The pause before another try to connect.
const PAUSE: Duration = Duration::from_millis(200);

/// What almost every batch writes, in the order of the arguments of `write_batch`.
const HOT: [(Life, Action); 6] = [
    (Life::Party, Action::Update),
    (Life::Sale, Action::Update),
    (Life::Sale, Action::Insert),
    (Life::Fact, Action::Insert),
    (Life::Queue, Action::InsertIfAbsent),
    (Life::Queue, Action::DeleteIfThere),
];

type Answer = Result<Outcome, StoreError>;

/// A command and whom to tell.
pub(super) struct Job {
    pub(super) command: Command,
    pub(super) came_at: Instant,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// What writers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) homes: Homes,
    pub(super) jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    pub(super) teller: Teller,
    pub(super) cache: Arc<Cache>,
}

/// What one task owns.
pub(super) struct Writer {
    shared: Shared,
    connection: Option<Connection>,
    /// Its name in the database.
    id: String,
    /// The number of the last batch that is durable.
    batch: i64,
}

/// What became of an attempt.
enum Attempt {
    /// All answers rest on what is durable.
    Done { answers: Vec<Answer>, wrote: bool },
    /// The commit was asked for, and no answer came.
    InDoubt(Vec<Answer>),
    /// Nothing was done.
    Failed(Trouble),
}

impl Writer {
    pub(super) async fn new(shared: Shared, connection: Connection) -> Result<Self, Error> {
        let insert = "INSERT INTO writers (id, batch) VALUES (gen_random_uuid()::text, 0) RETURNING id";
        let id = connection.client.query_one(insert, &[]).await?.get(0);
        Ok(Self { shared, connection: Some(connection), id, batch: 0 })
    }

    /// Works until no more jobs can come and none waits.
    pub(super) async fn run(mut self) {
        let mut jobs = Vec::new();
        loop {
            if self.shared.jobs.lock().await.recv_many(&mut jobs, BATCH_LIMIT).await == 0 {
                break;
            }
            let mut commands = Vec::with_capacity(jobs.len());
            let mut replies = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                if job.came_at.elapsed() > WAIT_MAX {
                    let _ = job.reply.send(Err(StoreError::Busy));
                } else if !job.reply.is_closed() {
                    commands.push(job.command);
                    replies.push(job.reply);
                }
            }
            let answers = self.settle(commands).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // Whoever asked may have gone away; what was done stays done.
                let _ = reply.send(answer);
            }
        }
        if let Some(connection) = &self.connection {
            // What is left of it would be removed later anyway.
            let _ = connection.client.execute("DELETE FROM writers WHERE id = $1", &[&self.id]).await;
        }
    }

    /// Carries a batch out, all its effects durable; an answer for each command.
    async fn settle(&mut self, commands: Vec<Command>) -> Vec<Answer> {
        if commands.is_empty() {
            return Vec::new();
        }
        match self.settle_together(&commands, WHOLE_TRIES_MAX).await {
            Ok(answers) => answers,
            Err(_) if commands.len() > 1 => {
                let mut answers = Vec::with_capacity(commands.len());
                for command in commands {
                    let single = self.settle_together(&[command], SINGLE_TRIES_MAX).await;
                    answers.push(single.unwrap_or_else(|error| vec![Err(error)]).swap_remove(0));
                }
                answers
            }
            Err(error) => vec![Err(error)],
        }
    }

    /// Carries commands out in one transaction. An error means that nothing was done because something stood in the
    /// way of the transaction, perhaps one command alone.
    async fn settle_together(
        &mut self,
        commands: &[Command],
        tries_max: usize,
    ) -> Result<Vec<Answer>, StoreError> {
        let begun_at = Instant::now();
        let all = |error: StoreError| commands.iter().map(|_| Err(error.clone())).collect::<Vec<_>>();
        let (mut tries, mut is_trusting) = (0, true);
        // Answers that count if the batch with the next number turns out to be durable.
        let mut in_doubt: Option<Vec<Answer>> = None;
        loop {
            let before = self.batch;
            if let Err(error) = self.connect().await {
                if begun_at.elapsed() > GIVE_UP_AFTER {
                    let error = if in_doubt.is_some() { unknown(&error) } else { away(&error) };
                    return Ok(all(error));
                }
                sleep(PAUSE).await;
                continue;
            }
            if let Some(answers) = in_doubt.take()
                && self.batch > before
            {
                return Ok(answers);
            }
            match self.attempt(commands, is_trusting).await {
                Attempt::Done { answers, wrote } => {
                    self.batch += i64::from(wrote);
                    return Ok(answers);
                }
                Attempt::InDoubt(answers) => {
                    in_doubt = Some(answers);
                    self.connection = None;
                }
                Attempt::Failed(Trouble::Lost(error)) => {
                    tracing::warn!(error, "the connection to PostgreSQL was lost; it is made anew");
                    self.connection = None;
                    if begun_at.elapsed() > GIVE_UP_AFTER {
                        return Ok(all(away(&error)));
                    }
                }
                Attempt::Failed(Trouble::Refused(error)) => return Err(error),
                Attempt::Failed(Trouble::Again(error)) => {
                    is_trusting = false;
                    tries += 1;
                    if tries >= tries_max {
                        tracing::warn!(error, "a batch did not get through");
                        // Should its mark not be what it thinks, it learns so as it connects.
                        self.connection = None;
                        return Err(StoreError::Busy);
                    }
                }
            }
        }
    }

    /// Connects anew if need be, and learns how far this writer has come. Its mark is moved in a commit of its own:
    /// a server that may no longer commit cannot answer.
    async fn connect(&mut self) -> Result<(), String> {
        if self.connection.as_ref().is_some_and(|connection| !connection.client.is_closed()) {
            return Ok(());
        }
        self.connection = None;
        let connection = self.shared.connector.connect().await?;
        let asked = timeout(BATCH_TIME_MAX, connection.client.query_opt(LAST_BATCH, &[&self.id])).await;
        let row = asked.map_err(|_| "it did not answer in time".to_owned())?;
        self.batch = match row.map_err(|error| told(&error))? {
            Some(row) => row.get(0),
            // Somebody removed it, of a server that seemed to be gone for good.
            None => {
                let insert = "INSERT INTO writers (id, batch) VALUES ($1, $2)";
                let inserted = connection.client.execute(insert, &[&self.id, &self.batch]).await;
                inserted.map_err(|error| told(&error))?;
                self.batch
            }
        };
        self.connection = Some(connection);
        Ok(())
    }

    async fn attempt(&mut self, commands: &[Command], is_trusting: bool) -> Attempt {
        let Some(mut connection) = self.connection.take() else {
            return Attempt::Failed(Trouble::Lost("there is no connection".into()));
        };
        // The answers, once the commit was asked for.
        let mut asked_for = None;
        let carried = self.carry_out(&mut connection, commands, is_trusting, &mut asked_for);
        let result = within(BATCH_TIME_MAX, carried).await;
        match (result, asked_for) {
            (Ok(wrote), answers) => {
                self.connection = Some(connection);
                Attempt::Done { answers: answers.unwrap_or_default(), wrote }
            }
            (Err(Trouble::Lost(_)), Some(answers)) => Attempt::InDoubt(answers),
            (Err(trouble), _) => {
                let is_usable = !matches!(trouble, Trouble::Lost(_))
                    && matches!(
                        timeout(BATCH_TIME_MAX, connection.client.batch_execute("ROLLBACK")).await,
                        Ok(Ok(()))
                    );
                self.connection = is_usable.then_some(connection);
                Attempt::Failed(trouble)
            }
        }
    }

    /// Carries commands out and commits. Gives whether anything was written; `asked_for` has the answers as soon as
    /// they may count.
    async fn carry_out(
        &self,
        connection: &mut Connection,
        commands: &[Command],
        is_trusting: bool,
        asked_for: &mut Option<Vec<Answer>>,
    ) -> Result<bool, Trouble> {
        let mut session = PostgresSession::default();
        let mut wishes = Wishes::default();
        commands.iter().for_each(|command| wishes.foresee(command));
        let trusted = core::mem::take(&mut wishes.trusted);
        if is_trusting {
            session.trust(trusted);
        } else {
            wishes.rows.extend(trusted);
        }
        self.begin(connection, &mut session, wishes).await?;
        let mut answers: Vec<Option<Answer>> = commands.iter().map(|_| None).collect();
        let mut wrote = false;
        loop {
            // In the order in which they came: behind one that must wait for its rows all others wait.
            let mut is_held_up = false;
            for (command, answer) in commands.iter().zip(&mut answers).filter(|(_, answer)| answer.is_none())
            {
                session.begin();
                if is_held_up {
                    commands::look_ahead(&mut session, command.clone());
                    continue;
                }
                let carried = commands::carry_out(&mut session, command.clone());
                let is_done = matches!(carried, Ok((Outcome::Done, _)));
                if matches!(carried, Err(Fault::Unread)) || (!is_done && session.distrust()) {
                    is_held_up = true;
                    continue;
                }
                *answer = Some(match carried {
                    Ok((outcome, wrote_now)) => {
                        wrote |= wrote_now;
                        Ok(outcome)
                    }
                    Err(fault) => Err(fault.told()),
                });
            }
            let wishes = session.take_wishes();
            if wishes.is_empty() {
                break;
            }
            read(connection, &mut session, wishes).await?;
        }
        let no_answer = || Err(Fault::Unread.told());
        let answers: Vec<Answer> =
            answers.into_iter().map(|answer| answer.unwrap_or_else(no_answer)).collect();
        if !wrote {
            // Nothing to make durable: every answer rests on earlier batches.
            connection.client.batch_execute("ROLLBACK").await?;
            *asked_for = Some(answers);
            return Ok(false);
        }
        let (lots, audit, sums) = session.end().map_err(|fault| Trouble::Refused(fault.told()))?;
        let told_of = told_of(&lots);
        failpoint("store-before-commit");
        self.write(connection, &lots, audit, sums, || *asked_for = Some(answers)).await?;
        failpoint("store-after-commit");
        self.shared.cache.written(lots.values().flat_map(|lot| &lot.keys));
        self.shared.teller.tell(told_of);
        Ok(true)
    }

    /// Begins the transaction, takes the writer's place in it and reads the first wishes, in one round trip.
    async fn begin(
        &self,
        connection: &mut Connection,
        session: &mut PostgresSession,
        wishes: Wishes,
    ) -> Result<(), Trouble> {
        let next = self.batch + 1;
        let mut wanted = Wanted::of(wishes)?;
        let (home, parties, sales) = wanted.take_first();
        let mut texts = wanted.texts();
        texts.push(Text::Plain(BEGIN_BATCH));
        connection.prepare(texts).await?;
        let connection = &*connection;
        let (client, statement) = (&connection.client, connection.statement(Text::Plain(BEGIN_BATCH)));
        let (party_keys, sale_keys) = (slices(&parties), slices(&sales));
        let at_home = i32::from(home);
        let parameters: [&(dyn ToSql + Sync); 5] = [&self.id, &next, &at_home, &party_keys, &sale_keys];
        let begun = try_join3(
            client.batch_execute("BEGIN"),
            client.query(statement, &parameters),
            wanted.fetch(connection),
        );
        let (_, held, found) = begun.await?;
        session.looked(&parties);
        session.looked(&sales);
        held.iter().for_each(|row| session.found(row.get(0), row.get(1)));
        wanted.note(found, session);
        Ok(())
    }

    /// Writes and commits, in one round trip. `asks` is called when the commit may happen.
    async fn write(
        &self,
        connection: &mut Connection,
        lots: &Lots,
        audit: Vec<AuditEntry>,
        sums: Vec<Balance>,
        asks: impl FnOnce(),
    ) -> Result<(), Trouble> {
        let refused = |fault: Fault| Trouble::Refused(fault.told());
        let (mut entries, mut added) = (None, None);
        if !audit.is_empty() || !sums.is_empty() {
            entries = Some(row::bytes("roll_ups", &audit).map_err(refused)?);
            added = Some(row::bytes("roll_ups", &sums).map_err(refused)?);
        }
        let home = lots.keys().map(|(_, home, _)| *home).next().unwrap_or(home::COMMON);
        let (together, apart): (Vec<_>, Vec<_>) =
            lots.iter().partition(|((life, at, action), _)| *at == home && HOT.contains(&(*life, *action)));
        let mut texts: Vec<_> =
            apart.iter().map(|((life, _, action), _)| Text::Of(*life, Kind::Write(*action))).collect();
        texts.push(Text::Plain(WRITE_BATCH));
        connection.prepare(texts).await?;
        let known = all_homes(&self.shared.homes);
        let mut new_homes: Vec<u16> = lots.keys().map(|(_, home, _)| *home).collect();
        new_homes.retain(|home| known.binary_search(home).is_err());
        let connection = &*connection;
        for home in &new_homes {
            connection.client.execute(KNOW_HOME, &[&i32::from(*home)]).await?;
        }
        let part = |hot: (Life, Action)| {
            let lot = together.iter().find(|((life, _, action), _)| (*life, *action) == hot);
            lot.map_or_else(Default::default, |(_, lot)| (slices(&lot.keys), slices(&lot.rows)))
        };
        let parts: [Slices<'_>; HOT.len()] = HOT.map(part);
        let at_home = i32::from(home);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&at_home];
        for (keys, rows) in &parts {
            parameters.extend([keys as &(dyn ToSql + Sync), rows]);
        }
        // What is gone has no rows.
        parameters.pop();
        parameters.extend([&entries as &(dyn ToSql + Sync), &added]);
        let write = |(&(life, home, action), lot)| write_lot(connection, life, home, action, lot);
        let apart: Vec<_> = apart.into_iter().map(write).collect();
        let statement = connection.statement(Text::Plain(WRITE_BATCH));
        let together = connection.client.query(statement, &parameters);
        let apart = async { join_all(apart).await.into_iter().collect::<Result<(), Error>>() };
        asks();
        // Whatever fails makes the commit a rollback, and is what is told.
        let commit = async { Ok(connection.client.batch_execute("COMMIT").await) };
        connection.was_warned();
        let (_, committed) = try_join(try_join(together, apart), commit).await?;
        committed?;
        if connection.was_warned() {
            // Somebody ended its wait for a standby: it is committed here, and perhaps nowhere else.
            return Err(Trouble::Lost("the server warned as it committed".into()));
        }
        let mut homes = self.shared.homes.write().unwrap_or_else(PoisonError::into_inner);
        homes.extend(new_homes);
        Ok(())
    }
}

/// Reads more of what a batch needs.
async fn read(
    connection: &mut Connection,
    session: &mut PostgresSession,
    wishes: Wishes,
) -> Result<(), Trouble> {
    let wanted = Wanted::of(wishes)?;
    connection.prepare(wanted.texts()).await?;
    let found = wanted.fetch(connection).await?;
    wanted.note(found, session);
    Ok(())
}

async fn write_lot(
    connection: &Connection,
    life: Life,
    home: u16,
    action: Action,
    lot: &Lot,
) -> Result<(), Error> {
    let statement = connection.statement(Text::Of(life, Kind::Write(action)));
    let home = i32::from(home);
    let (keys, rows) = (slices(&lot.keys), slices(&lot.rows));
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    let client = &connection.client;
    match action {
        Action::Insert | Action::InsertIfAbsent | Action::Put => {
            client.execute(statement, &[&home, &keys, &rows]).await?;
        }
        Action::Update => drop(client.query(statement, &[&home, &keys, &rows, &count]).await?),
        Action::Delete => drop(client.query(statement, &[&home, &keys, &count]).await?),
        Action::DeleteIfThere => drop(client.execute(statement, &[&home, &keys]).await?),
    }
    Ok(())
}

/// What others should hear of once it is committed.
fn told_of(lots: &Lots) -> News {
    let mut news = News::default();
    for ((.., action), lot) in lots {
        if lot.rows.is_empty() || *action == Action::Update {
            continue;
        }
        for key in &lot.keys {
            let place = home::place_of(key);
            if place == CONFIRMATIONS.place || place == APPROVALS.place {
                news.confirmations.extend(key.get(1..).and_then(|key| key.first_chunk::<6>().copied()));
            }
            news.effects |= place == EFFECTS_DUE.place;
            news.webhooks |= place == WEBHOOKS.place;
        }
    }
    news
}

fn unknown(error: &str) -> StoreError {
    StoreError::Failed(format!(
        "the connection to PostgreSQL was lost ({error}); whether the command happened is known only after looking again"
    ))
}
