//! Questions: those that many ask at the same time go to the database together, in one round trip; so a payment, which
//! asks a dozen, costs a fraction of one.

use crate::fault::Fault;
use crate::key::Key;
use crate::look::{Look, Order, Span};
use crate::postgres::cache::Cache;
use crate::postgres::connection::{Connection, Connector, Text, Trouble, away, within};
use crate::postgres::home;
use crate::postgres::session::Bytes;
use crate::postgres::statements::{GET_ANY, Kind};
use crate::postgres::sums::Sums;
use crate::postgres::wanted::of_span;
use crate::row;
use crate::tables::{BALANCES, LIVES, Life, Map};
use core::ops::Bound;
use core::time::Duration;
use futures_util::future::join_all;
use records::{Balance, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::sleep;
use tokio_postgres::{Error, Row};

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
/// All in one statement, so that it is one moment.
const BALANCES_NOW: &str = "SELECT true, row FROM parties WHERE home = 0 AND key >= $1 AND key < $2 \
     UNION ALL SELECT false, sums FROM roll_ups";

/// A question for the database.
#[derive(Debug)]
pub(super) enum Question {
    /// The row found by a key, in this home.
    Get(u16, Bytes),
    /// Rows of a home from one key on, before another.
    List { home: u16, from: Bytes, to: Bytes, limit: i64, order: Order },
    /// How many rows of a home there are from one key on, before another.
    Count { home: u16, from: Bytes, to: Bytes },
    /// The balances, and what was not added to them yet: whether it is a balance, and bytes.
    Balances,
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
    cache: Arc<Cache>,
    pub(super) homes: Homes,
}

impl Readers {
    /// Lets `count` connections answer.
    pub(super) fn start(connector: &Connector, homes: &Homes, cache: Arc<Cache>, count: usize) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE_LIMIT);
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..count {
            tokio::spawn(answer(connector.clone(), Arc::clone(&asked)));
        }
        Self { queue, cache, homes: Arc::clone(homes) }
    }

    async fn ask(&self, question: Question) -> Result<Found, Fault> {
        let slot = match self.cache.look(&question) {
            Ok(found) => return Ok(found),
            Err(slot) => slot,
        };
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Asked { question, reply }).map_err(|_| Fault::Refused(StoreError::Busy))?;
        let found = answer.await.unwrap_or(Err(StoreError::Closed)).map_err(Fault::Refused)?;
        if let Some(slot) = slot {
            self.cache.keep(slot, &found);
        }
        Ok(found)
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
                    last = error;
                    continue;
                }
            },
        };
        match within(LOT_TIME_MAX, fetch(&mut connection, questions)).await {
            Ok(found) => {
                *place = Some(connection);
                return Ok(found);
            }
            Err(Trouble::Refused(error)) => {
                *place = Some(connection);
                return Err(error);
            }
            Err(Trouble::Again(error) | Trouble::Lost(error)) => last = error,
        }
    }
    Err(away(&last))
}

/// Questions that one statement answers.
enum Lot<'a> {
    /// Keys of any tables, each with the questions that want its row.
    Gets {
        home: u16,
        keys: BTreeMap<&'a [u8], Vec<usize>>,
    },
    /// Spans, each with its question.
    Lists {
        life: Life,
        home: u16,
        limit: i64,
        order: Order,
        spans: Vec<(&'a [u8], &'a [u8], usize)>,
    },
    Count {
        life: Life,
        home: u16,
        from: &'a [u8],
        to: &'a [u8],
        question: usize,
    },
    Balances {
        question: usize,
    },
}

impl<'a> Lot<'a> {
    /// Takes question number `n` on, if it fits.
    fn take(&mut self, n: usize, asked: &'a Question) -> bool {
        match (self, asked) {
            (Self::Gets { home, keys }, Question::Get(of, key)) if home == of => {
                keys.entry(key).or_default().push(n);
                true
            }
            (
                Self::Lists { life, home, limit, order, spans },
                Question::List { home: of, from, to, limit: most, order: way },
            ) if (*life, *home, *limit, *order) == (life_of(from), *of, *most, *way) => {
                spans.push((from, to, n));
                true
            }
            _ => false,
        }
    }

    fn of(n: usize, asked: &'a Question) -> Self {
        match asked {
            Question::Get(home, key) => Self::Gets { home: *home, keys: BTreeMap::from([(&**key, vec![n])]) },
            Question::List { home, from, to, limit, order } => Self::Lists {
                life: life_of(from),
                home: *home,
                limit: *limit,
                order: *order,
                spans: vec![(from, to, n)],
            },
            Question::Count { home, from, to } => {
                Self::Count { life: life_of(from), home: *home, from, to, question: n }
            }
            Question::Balances => Self::Balances { question: n },
        }
    }

    fn text(&self) -> Text {
        match self {
            Self::Gets { .. } => Text::Plain(GET_ANY),
            Self::Lists { life, order: Order::Rising, .. } => Text::Of(*life, Kind::Rising),
            Self::Lists { life, .. } => Text::Of(*life, Kind::Falling),
            Self::Count { life, .. } => Text::Of(*life, Kind::Count),
            Self::Balances { .. } => Text::Plain(BALANCES_NOW),
        }
    }

    async fn ask(&self, connection: &Connection) -> Result<Vec<Row>, Error> {
        let (client, statement) = (&connection.client, connection.statement(self.text()));
        match self {
            Self::Gets { home, keys } => {
                let of = |life| keys.keys().copied().filter(|key| life_of(key) == life).collect::<Vec<_>>();
                let [parties, sales, facts, queues] = Life::ALL.map(of);
                client.query(statement, &[&i32::from(*home), &parties, &sales, &facts, &queues]).await
            }
            Self::Lists { home, limit, spans, .. } => {
                let (from, to): (Vec<_>, Vec<_>) = spans.iter().map(|(from, to, _)| (*from, *to)).unzip();
                client.query(statement, &[&i32::from(*home), &from, &to, limit]).await
            }
            Self::Count { home, from, to, .. } => {
                client.query(statement, &[&i32::from(*home), from, to]).await
            }
            Self::Balances { .. } => {
                let [from, to] = [0, 1].map(|next| home::placed_bytes(BALANCES.place + next, &[]));
                client.query(statement, &[&&*from, &&*to]).await
            }
        }
    }

    /// Hands the rows to the questions.
    fn answer(&self, rows: &[Row], found: &mut [Found]) {
        let bytes = |row: &Row, column| Bytes::from(row.get::<_, &[u8]>(column));
        for row in rows {
            match self {
                Self::Gets { keys, .. } => {
                    for n in keys.get(row.get::<_, &[u8]>(0)).into_iter().flatten() {
                        found[*n].push((bytes(row, 0), bytes(row, 1)));
                    }
                }
                Self::Lists { spans, .. } => {
                    let (number, pair) = of_span(row);
                    if let Some((_, _, n)) = spans.get(number) {
                        found[*n].push(pair);
                    }
                }
                Self::Count { question, .. } => {
                    let count = row.get::<_, i64>(0).to_be_bytes();
                    found[*question].push((Bytes::default(), count.into()));
                }
                Self::Balances { question } => {
                    found[*question].push(([u8::from(row.get::<_, bool>(0))].into(), bytes(row, 1)));
                }
            }
        }
    }
}

fn life_of(placed: &[u8]) -> Life {
    LIVES[home::place_of(placed)]
}

/// Asks all at once.
pub(super) async fn fetch(
    connection: &mut Connection,
    questions: &[&Question],
) -> Result<Vec<Found>, Trouble> {
    let mut lots: Vec<Lot<'_>> = Vec::new();
    for (n, question) in questions.iter().enumerate() {
        if !lots.iter_mut().any(|lot| lot.take(n, question)) {
            lots.push(Lot::of(n, question));
        }
    }
    connection.prepare(lots.iter().map(Lot::text).collect()).await?;
    let connection = &*connection;
    let asked: Vec<_> = lots.iter().map(|lot| lot.ask(connection)).collect();
    let mut found: Vec<Found> = questions.iter().map(|_| Vec::new()).collect();
    for (rows, lot) in join_all(asked).await.into_iter().zip(&lots) {
        lot.answer(&rows?, &mut found);
    }
    Ok(found)
}

/// One moment of the database, on a connection of its own.
pub(super) struct Moment {
    connection: Mutex<Connection>,
    homes: Homes,
}

impl Moment {
    pub(super) async fn of(connector: &Connector) -> Result<Self, Trouble> {
        let mut connection = connector.connect().await.map_err(Trouble::Lost)?;
        connection.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // The moment is that of the first question.
        let homes = super::read_homes(&mut connection).await?;
        Ok(Self { connection: Mutex::new(connection), homes: Arc::new(RwLock::new(homes)) })
    }

    async fn ask(&self, questions: &[&Question]) -> Result<Vec<Found>, Fault> {
        let mut connection = self.connection.lock().await;
        let found = within(LOT_TIME_MAX, fetch(&mut connection, questions)).await;
        found.map_err(|trouble| Fault::Refused(trouble.told()))
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
        let mut sums = Sums::default();
        for (is_balance, bytes) in found.into_iter().flatten() {
            if is_balance[..] == [1] {
                sums.add(row::read(BALANCES.name, &bytes)?)?;
            } else {
                row::read::<Vec<Balance>>("roll_ups", &bytes)?
                    .into_iter()
                    .try_for_each(|sum| sums.add(sum))?;
            }
        }
        Ok(sums.into_balances())
    }
}

fn get_question(place: usize, key: &impl Key) -> Result<Question, Fault> {
    let key = home::placed(place, key);
    Ok(Question::Get(home::of(&key)?, key))
}

/// The first key that is not before the bound; of a bound that is none, the table's first or the first behind it.
fn edge<K: Key>(place: usize, bound: &Bound<K>, is_end: bool) -> Bytes {
    let (key, is_behind) = match bound {
        Bound::Included(key) => (key, is_end),
        Bound::Excluded(key) => (key, !is_end),
        Bound::Unbounded => return home::placed_bytes(place + usize::from(is_end), &[]),
    };
    let mut bytes = home::placed(place, key).into_vec();
    if is_behind {
        bytes.push(0);
    }
    bytes.into()
}

impl Look for Looker<'_> {
    async fn get<K: Key, R: row::Row>(&self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let found = self.ask(vec![get_question(map.place, key)?]).await?;
        found.iter().flatten().next().map(|(_, bytes)| row::read(map.name, bytes)).transpose()
    }

    async fn pointed<K: Key, R: row::Row>(&self, map: Map<K, R>, keys: &[K]) -> Result<Vec<R>, Fault> {
        let questions = keys.iter().map(|key| get_question(map.place, key)).collect::<Result<_, _>>()?;
        let found = self.ask(questions).await?;
        let row = |found: &Found| match found.first() {
            Some((_, bytes)) => row::read(map.name, bytes),
            None => Err(map.leads_nowhere()),
        };
        found.iter().map(row).collect()
    }

    async fn list<K: Key, R: row::Row>(
        &self,
        map: Map<K, R>,
        (from, to): Span<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<R>, Fault> {
        let (from, to) = (edge(map.place, &from, false), edge(map.place, &to, true));
        let homes = match home::of_span(&from, &to) {
            Some(home) => vec![home],
            None => self.homes(),
        };
        let question = |home| Question::List {
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

    async fn count<K: Key, R: row::Row>(&self, map: Map<K, R>) -> Result<u64, Fault> {
        let (from, to) = (home::placed_bytes(map.place, &[]), home::placed_bytes(map.place + 1, &[]));
        let question = |home| Question::Count { home, from: from.clone(), to: to.clone() };
        let found = self.ask(self.homes().into_iter().map(question).collect()).await?;
        let count =
            |(_, bytes): &(Bytes, Bytes)| bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Ok(found.iter().flatten().map(count).sum())
    }
}
