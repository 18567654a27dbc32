//! Questions: those that many ask at the same time go to the database together, in one round trip; so a payment, which
//! asks a dozen, costs a fraction of one.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::look::{Look, Order, Span};
use crate::postgres::connection::{Connection, Connector, Text, Trouble};
use crate::postgres::home;
use crate::postgres::session::Bytes;
use crate::postgres::statements::Kind;
use crate::row::{self, Row};
use crate::tables::{BALANCES, Map};
use core::ops::Bound;
use core::time::Duration;
use futures_util::future::{join, join_all};
use records::{Balance, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_postgres::Error;

/// The most questions that may wait.
const QUEUE_LIMIT: usize = 16_384;
/// The most questions that go to the database together.
const LOT_MAX: usize = 512;
/// How long a lot may take before its connection counts as gone. Lists over a large table take long.
const LOT_TIME_MAX: Duration = Duration::from_secs(15);
/// How often a lot is asked before whoever asks is told that the database is away.
const TRIES_MAX: usize = 4;
/// The pause before a lot is asked again.
const PAUSE: Duration = Duration::from_millis(250);
/// Longer than any key.
const AFTER_ALL_KEYS: [u8; 300] = [0xFF; 300];

const BALANCES_NOW: &str =
    "SELECT true, row FROM balances WHERE home = 0 UNION ALL SELECT false, sums FROM roll_ups";

/// A question for the database.
#[derive(Debug)]
pub(super) enum Question {
    /// The row found by a key, in this home.
    Get(usize, u16, Bytes),
    /// Rows of a home from one key on, before another.
    List { place: usize, home: u16, from: Bytes, to: Bytes, limit: i64, order: Order },
    /// How many rows a table has in a home.
    Count(usize, u16),
    /// The balances, and what was not added to them yet: whether it is a balance, and bytes.
    Balances,
}

impl Question {
    fn text(&self) -> Text {
        match self {
            Self::Get(place, ..) => Text::Of(*place, Kind::Get),
            Self::List { place, order: Order::Rising, .. } => Text::Of(*place, Kind::Rising),
            Self::List { place, .. } => Text::Of(*place, Kind::Falling),
            Self::Count(place, _) => Text::Of(*place, Kind::Count),
            Self::Balances => Text::Plain(BALANCES_NOW),
        }
    }
}

/// An answer: keys and rows; a count is a row of eight bytes.
pub(super) type Found = Vec<(Bytes, Bytes)>;

/// A question and whom to tell.
pub(super) struct Asked {
    question: Question,
    reply: oneshot::Sender<Result<Found, StoreError>>,
}

/// The homes that are known, shared by all that looks.
pub(super) type Homes = Arc<RwLock<BTreeSet<u16>>>;

/// The homes that are known, in order.
pub(super) fn all_homes(homes: &Homes) -> Vec<u16> {
    homes.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
}

/// Whoever answers questions about what is durable.
pub(super) struct Readers {
    queue: mpsc::Sender<Asked>,
    pub(super) homes: Homes,
}

impl Readers {
    /// Lets `count` connections answer.
    pub(super) fn start(connector: &Connector, homes: &Homes, count: usize) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE_LIMIT);
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..count {
            tokio::spawn(answer(connector.clone(), Arc::clone(&asked)));
        }
        Self { queue, homes: Arc::clone(homes) }
    }

    async fn ask(&self, question: Question) -> Result<Found, Fault> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Asked { question, reply }).map_err(|_| Fault::Refused(StoreError::Busy))?;
        answer.await.unwrap_or(Err(StoreError::Closed)).map_err(Fault::Refused)
    }
}

/// Answers until nobody can ask any more.
async fn answer(connector: Connector, asked: Arc<Mutex<mpsc::Receiver<Asked>>>) {
    let mut connection = None;
    let mut lot = Vec::new();
    loop {
        if asked.lock().await.recv_many(&mut lot, LOT_MAX).await == 0 {
            return;
        }
        lot.retain(|asked: &Asked| !asked.reply.is_closed());
        let questions: Vec<_> = lot.iter().map(|asked| &asked.question).collect();
        let found = answer_lot(&connector, &mut connection, &questions).await;
        match found {
            Ok(found) => {
                for (asked, found) in lot.drain(..).zip(found) {
                    let _ = asked.reply.send(Ok(found));
                }
            }
            Err(error) => {
                for asked in lot.drain(..) {
                    let _ = asked.reply.send(Err(error.clone()));
                }
            }
        }
    }
}

async fn answer_lot(
    connector: &Connector,
    place: &mut Option<Connection>,
    questions: &[&Question],
) -> Result<Vec<Found>, StoreError> {
    let mut last = String::new();
    for n in 0..TRIES_MAX {
        if n > 0 {
            sleep(PAUSE).await;
        }
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => match connector.connect().await {
                Ok(connection) => connection,
                Err(error) => {
                    last = super::connection::told(&error);
                    continue;
                }
            },
        };
        match timeout(LOT_TIME_MAX, fetch(&mut connection, questions)).await {
            Ok(Ok(found)) => {
                *place = Some(connection);
                return Ok(found);
            }
            Ok(Err(Trouble::Refused(error))) => {
                *place = Some(connection);
                return Err(error);
            }
            Ok(Err(Trouble::Again(error) | Trouble::Lost(error))) => last = error,
            Err(_) => "it did not answer in time".clone_into(&mut last),
        }
    }
    Err(super::away(&last))
}

/// Asks all at once.
pub(super) async fn fetch(
    connection: &mut Connection,
    questions: &[&Question],
) -> Result<Vec<Found>, Trouble> {
    let mut gets: BTreeMap<(usize, u16), BTreeMap<&[u8], Vec<usize>>> = BTreeMap::new();
    let mut others = Vec::new();
    for (n, question) in questions.iter().enumerate() {
        match question {
            Question::Get(place, home, key) => {
                gets.entry((*place, *home)).or_default().entry(key).or_default().push(n);
            }
            other => others.push((n, *other)),
        }
    }
    connection.prepare(questions.iter().map(|question| question.text()).collect()).await?;
    let connection = &*connection;
    let lots: Vec<_> =
        gets.iter().map(|((place, home), keys)| get_lot(connection, *place, *home, keys)).collect();
    let singles: Vec<_> = others.iter().map(|(_, question)| ask_single(connection, question)).collect();
    let (lots, singles) = join(join_all(lots), join_all(singles)).await;
    let mut found: Vec<Found> = questions.iter().map(|_| Vec::new()).collect();
    for (rows, keys) in lots.into_iter().zip(gets.values()) {
        for row in rows? {
            let (key, value) = (row.get::<_, &[u8]>(0), row.get::<_, &[u8]>(1));
            for n in keys.get(key).into_iter().flatten() {
                found[*n].push((key.into(), value.into()));
            }
        }
    }
    for (rows, (n, question)) in singles.into_iter().zip(&others) {
        for row in rows? {
            let pair: (Bytes, Bytes) = match question {
                Question::Count(..) => (Bytes::default(), row.get::<_, i64>(0).to_be_bytes().into()),
                Question::Balances => {
                    ([u8::from(row.get::<_, bool>(0))].into(), row.get::<_, &[u8]>(1).into())
                }
                _ => (row.get::<_, &[u8]>(0).into(), row.get::<_, &[u8]>(1).into()),
            };
            found[*n].push(pair);
        }
    }
    Ok(found)
}

type Rows = Result<Vec<tokio_postgres::Row>, Error>;

async fn get_lot(
    connection: &Connection,
    place: usize,
    home: u16,
    keys: &BTreeMap<&[u8], Vec<usize>>,
) -> Rows {
    let statement = connection.statement(Text::Of(place, Kind::Get));
    let keys: Vec<&[u8]> = keys.keys().copied().collect();
    connection.client.query(statement, &[&i32::from(home), &keys]).await
}

async fn ask_single(connection: &Connection, question: &Question) -> Rows {
    let statement = connection.statement(question.text());
    match question {
        Question::Get(_, home, key) => {
            connection.client.query(statement, &[&i32::from(*home), &vec![&**key]]).await
        }
        Question::List { home, from, to, limit, .. } => {
            connection.client.query(statement, &[&i32::from(*home), &&**from, &&**to, limit]).await
        }
        Question::Count(_, home) => connection.client.query(statement, &[&i32::from(*home)]).await,
        Question::Balances => connection.client.query(statement, &[]).await,
    }
}

/// One moment of the database, on a connection of its own.
pub(super) struct Moment {
    connection: Mutex<Connection>,
    homes: Homes,
}

impl Moment {
    pub(super) async fn of(connector: &Connector) -> Result<Self, Trouble> {
        let mut connection = connector.connect().await?;
        connection.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // The moment is that of the first question.
        let homes = super::read_homes(&mut connection).await?;
        Ok(Self { connection: Mutex::new(connection), homes: Arc::new(RwLock::new(homes)) })
    }

    async fn ask(&self, questions: &[&Question]) -> Result<Vec<Found>, Fault> {
        let mut connection = self.connection.lock().await;
        match timeout(LOT_TIME_MAX, fetch(&mut connection, questions)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(Trouble::Refused(error))) => Err(Fault::Refused(error)),
            Ok(Err(Trouble::Again(error) | Trouble::Lost(error))) => Err(Fault::Refused(super::away(&error))),
            Err(_) => Err(Fault::Refused(super::away("it did not answer in time"))),
        }
    }
}

/// Where questions go.
pub(super) enum Looker<'a> {
    Now(&'a Readers),
    At(&'a Moment),
}

impl Looker<'_> {
    async fn ask(&self, questions: Vec<Question>) -> Result<Vec<Found>, Fault> {
        match self {
            Self::Now(readers) => {
                let asked: Vec<_> = questions.into_iter().map(|question| readers.ask(question)).collect();
                join_all(asked).await.into_iter().collect()
            }
            Self::At(moment) => moment.ask(&questions.iter().collect::<Vec<_>>()).await,
        }
    }

    fn homes(&self) -> Vec<u16> {
        match self {
            Self::Now(readers) => all_homes(&readers.homes),
            Self::At(moment) => all_homes(&moment.homes),
        }
    }

    /// The balances with what was not added to them yet.
    pub(super) async fn balances(&self) -> Result<Vec<Balance>, Fault> {
        let found = self.ask(vec![Question::Balances]).await?;
        let mut sums: BTreeMap<Bytes, Balance> = BTreeMap::new();
        let too_large = || Fault::wrong("a balance is too large");
        for (is_balance, bytes) in found.into_iter().flatten() {
            let balances = if is_balance[..] == [1] {
                vec![row::read::<Balance>(BALANCES.name, &bytes)?]
            } else {
                row::read::<Vec<Balance>>("roll_ups", &bytes)?
            };
            for sum in balances {
                let key = KeyBytes::of(&(sum.account.clone(), sum.currency)).as_slice().into();
                let known = match sums.get(&key) {
                    Some(known) => known.plus(&sum).ok_or_else(too_large)?,
                    None => sum,
                };
                sums.insert(key, known);
            }
        }
        Ok(sums.into_values().collect())
    }
}

fn get_question(place: usize, key: &impl Key) -> Result<Question, Fault> {
    let key: Bytes = KeyBytes::of(key).as_slice().into();
    Ok(Question::Get(place, home::of(place, &key)?, key))
}

/// The first key that is not before the bound.
fn edge<K: Key>(bound: &Bound<K>, unbounded: &[u8], is_after: impl Fn(&Bound<K>) -> bool) -> Bytes {
    let (Bound::Included(key) | Bound::Excluded(key)) = bound else { return unbounded.into() };
    let mut bytes = KeyBytes::of(key).as_slice().to_vec();
    if is_after(bound) {
        bytes.push(0);
    }
    bytes.into()
}

impl Look for Looker<'_> {
    async fn get<K: Key, R: Row>(&self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let found = self.ask(vec![get_question(map.place, key)?]).await?;
        found.iter().flatten().next().map(|(_, bytes)| row::read(map.name, bytes)).transpose()
    }

    async fn pointed<K: Key, R: Row>(&self, map: Map<K, R>, keys: &[K]) -> Result<Vec<R>, Fault> {
        let questions = keys.iter().map(|key| get_question(map.place, key)).collect::<Result<_, _>>()?;
        let found = self.ask(questions).await?;
        let row = |found: &Found| match found.first() {
            Some((_, bytes)) => row::read(map.name, bytes),
            None => Err(map.leads_nowhere()),
        };
        found.iter().map(row).collect()
    }

    async fn list<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        (from, to): Span<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<R>, Fault> {
        let from = edge(&from, &[], |bound| matches!(bound, Bound::Excluded(_)));
        let to = edge(&to, &AFTER_ALL_KEYS, |bound| matches!(bound, Bound::Included(_)));
        let homes = match home::of_span(map.place, &from, &to) {
            Some(home) => vec![home],
            None => self.homes(),
        };
        let question = |home| Question::List {
            place: map.place,
            home,
            from: from.clone(),
            to: to.clone(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            order,
        };
        let mut found: Found = self.ask(homes.into_iter().map(question).collect()).await?.concat();
        found.sort_by(|(one, _), (other, _)| match order {
            Order::Rising => one.cmp(other),
            Order::Falling => other.cmp(one),
        });
        found.truncate(limit);
        found.iter().map(|(_, bytes)| row::read(map.name, bytes)).collect()
    }

    async fn count<K: Key, R: Row>(&self, map: Map<K, R>) -> Result<u64, Fault> {
        let questions = self.homes().into_iter().map(|home| Question::Count(map.place, home)).collect();
        let found = self.ask(questions).await?;
        let count =
            |(_, bytes): &(Bytes, Bytes)| bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Ok(found.iter().flatten().map(count).sum())
    }
}
