//! A till: the checkout's core over its journal, whose bytes are all that a power cut leaves.

use crate::chance::Chance;
use crate::line::Line;
use crate::phone::{Code, now};
use checkout::journal::{self, JournalEnd};
use checkout::{
    Action, Begin, Book, End, Entry, Next, Order, Plan, Run, Sale, SaleNumber, SaleRef, ScannedCode, make_key,
};
use crypto::SystemRandom;
use model::{Currency, Money, TerminalNumber};
use std::collections::HashMap;
use std::time::Duration;

/// Steps of a sale at which the power may be cut: more than any sale has.
const STEPS_MAX: u64 = 12;
/// After a request left, the power may be cut this much later, milliseconds.
const CUT_LATER_MS_MAX: u64 = 15;

/// See the module.
pub(crate) struct Till {
    pub(crate) line: Line,
    pub(crate) terminal: TerminalNumber,
    /// Keys of requests that were not the journal's: rude ones. They are cancelled in the end.
    pub(crate) loose: Vec<(String, String)>,
    /// How often its power was cut.
    pub(crate) power_cuts: u32,
    journal: Vec<u8>,
    end: JournalEnd,
    book: Book,
    /// Whose code it was, and which, by the code's name in the journal.
    codes: HashMap<String, (String, u32)>,
}

impl Till {
    pub(crate) fn new(line: Line, terminal: TerminalNumber) -> Self {
        let (end, journal) = JournalEnd::begin(SaleNumber::FIRST);
        let book = Book::new(SaleNumber::FIRST);
        let (loose, codes) = (Vec::new(), HashMap::new());
        Self { line, terminal, loose, power_cuts: 0, journal, end, book, codes }
    }

    /// Asks for payment with a code. Gives the sale, unless there is none or the power was cut.
    pub(crate) async fn pay(
        &mut self,
        code: &Code,
        amount_minor: i64,
        plan: Plan,
        cut: Option<&mut Chance>,
    ) -> Option<Sale> {
        let scanned = ScannedCode::from_text(&code.digits, None).ok()?;
        self.codes.insert(scanned.name(), (code.payer.clone(), code.counter.0));
        let amount = Money::new(amount_minor, Currency::CHF);
        let order = Order { amount, terminal: self.terminal, plan, reference: None };
        match Begin::pay(&self.book, &order, scanned, make_key(&mut SystemRandom), now()) {
            Ok(Begin::Run(run)) => self.drive(run, cut).await,
            Ok(Begin::Already(_)) | Err(_) => None,
        }
    }

    /// Captures, voids or refunds.
    pub(crate) async fn act(
        &mut self,
        sale: SaleNumber,
        action: Action,
        cut: Option<&mut Chance>,
    ) -> Option<Sale> {
        let run = Run::act(self.book.find(SaleRef::Sale(sale))?, action).ok()?;
        self.drive(run, cut).await
    }

    /// Ends what is unfinished; whether nothing is any more.
    pub(crate) async fn resume(&mut self) -> bool {
        let open: Vec<Run> = self.book.open().filter_map(|sale| Run::resume(sale).ok()).collect();
        for run in open {
            let _ = self.drive(run, None).await;
        }
        self.book.open().count() == 0
    }

    /// All sales, by the journal.
    pub(crate) fn sales(&self) -> impl Iterator<Item = &Sale> {
        self.book.sales()
    }

    async fn drive(&mut self, mut run: Run, cut: Option<&mut Chance>) -> Option<Sale> {
        let (payer, counter) = self.payer_of(run.sale());
        let mut cut_after = cut.map(|chance| (chance.below(STEPS_MAX), chance.below(CUT_LATER_MS_MAX)));
        loop {
            let next = run.next(now());
            let is_cut = matches!(&mut cut_after, Some((0, _)));
            match next {
                Next::Store(_) if is_cut => return self.lose_power(),
                Next::Store(entry) => {
                    self.append(&entry);
                    run.stored();
                }
                Next::Send { request, deadline_ms } => {
                    let deadline = Duration::from_millis(deadline_ms.unsigned_abs());
                    let sending = self.line.send(&payer, counter, &request, deadline);
                    let answer = match cut_after {
                        Some((0, later_ms)) => {
                            // The request is on its way; its answer finds nobody.
                            let _ = tokio::time::timeout(Duration::from_millis(later_ms), sending).await;
                            return self.lose_power();
                        }
                        _ => sending.await,
                    };
                    run.heard(answer, now());
                }
                Next::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await,
                Next::End(end) => return (end == End::Settled).then(|| run.sale().clone()),
            }
            if let Some((left, _)) = &mut cut_after {
                *left = left.saturating_sub(1);
            }
        }
    }

    fn payer_of(&self, sale: &Sale) -> (String, u32) {
        let code = sale.opening().map(|opening| &opening.code);
        code.and_then(|code| self.codes.get(code)).cloned().unwrap_or_default()
    }

    fn append(&mut self, entry: &Entry) {
        let (end, line) = self.end.line(entry).expect("the storm's entries are short");
        self.journal.extend_from_slice(&line);
        self.end = end;
        self.book.apply(entry).expect("the run's entries follow one another");
    }

    /// What is not in the journal is forgotten, and its last line may be torn.
    fn lose_power(&mut self) -> Option<Sale> {
        self.power_cuts += 1;
        self.journal
            .extend_from_slice(&b"00412 8f3a91c0"[..usize::from(self.power_cuts.to_le_bytes()[0] % 14)]);
        let contents = journal::read(&self.journal).expect("only its end is torn").expect("it has a head");
        self.journal.truncate(contents.whole_bytes);
        self.end = contents.end;
        self.book = Book::new(contents.first_sale);
        for entry in &contents.entries {
            self.book.apply(entry).expect("what was applied before");
        }
        None
    }
}
