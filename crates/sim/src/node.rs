//! A machine with one program on it: it serves requests, is killed, loses power, and starts again from what its
//! disk holds.

use crate::chance::Chance;
use crate::fault::Fault;
use crate::log::Log;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use https::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::fault_disk::{Fate, FaultDisk, Images};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tower::ServiceExt;

/// The largest answer of any route, bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Requests whose tasks are remembered before those that have ended are forgotten.
const TASKS_KEPT: usize = 64;

pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A program that was started.
pub(crate) struct Started<I> {
    pub(crate) routes: Router,
    pub(crate) writer: Box<dyn Writer>,
    /// What it does by itself.
    pub(crate) work: Work,
    /// For looking into it.
    pub(crate) inside: I,
}

/// The writer of a program's store.
pub(crate) trait Writer: Send {
    /// Waits until something is to be written.
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    /// Writes one batch.
    fn turn(&mut self);
    /// Whether the store cannot go on, so that the program ends.
    fn has_failed(&self) -> bool;
}

/// Starts a program on a disk.
pub(crate) type Start<I> = Box<dyn Fn(FaultDisk) -> Result<Started<I>, String> + Send + Sync>;

/// The machine.
pub(crate) struct Node<I> {
    pub(crate) name: &'static str,
    start: Start<I>,
    log: Arc<Log>,
    state: Mutex<State<I>>,
}

struct State<I> {
    /// What the disk's files hold while the machine is down.
    images: Images,
    life: Option<Life<I>>,
    /// When the next start loses power: the operation, and what becomes of writes.
    cut_at_start: Option<(u64, Fate)>,
    chance: Chance,
}

struct Life<I> {
    routes: Router,
    disk: FaultDisk,
    inside: I,
    tasks: Vec<AbortHandle>,
    /// What becomes of writes when the power fails, and how long the machine is down then.
    fate: Fate,
    down_ms: u64,
    /// Whether its disk has failed to sync, so that only another start helps.
    is_broken: bool,
}

impl<I: Clone + Send + 'static> Node<I> {
    pub(crate) fn new(
        name: &'static str,
        images: Images,
        start: Start<I>,
        log: Arc<Log>,
        chance: Chance,
    ) -> Arc<Self> {
        let state = State { images, life: None, cut_at_start: None, chance };
        Arc::new(Self { name, start, log, state: Mutex::new(state) })
    }

    /// Starts the program, unless it runs already. What stands in its way is a violation: whatever happened to the
    /// disk, a start must succeed.
    pub(crate) fn boot(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.life.is_some() {
            return;
        }
        let disk = FaultDisk::holding_all(std::mem::take(&mut state.images));
        let cut = state.cut_at_start.take();
        if let Some((operation, _)) = cut {
            disk.power_fails_at(operation);
        }
        let started = (self.start)(disk.clone());
        match (started, cut) {
            (_, Some((_, fate))) if disk.is_off() => {
                state.images = disk.all_after_power_loss(fate);
                drop(state);
                self.log.fault(Fault::PowerFailedAtStart, || {
                    format!("the {} loses power again while it starts", self.name)
                });
                self.boot_in(200);
            }
            (Err(error), _) => {
                drop(state);
                self.log.violated("a start that fails", format!("the {} does not start: {error}", self.name));
            }
            (Ok(started), _) => {
                disk.power_fails_at(u64::MAX);
                let Started { routes, writer, work, inside } = started;
                let writing =
                    Arc::clone(self).write(disk.clone(), writer, Chance::of(&[state.chance.draw()]));
                let tasks = vec![tokio::spawn(writing).abort_handle(), tokio::spawn(work).abort_handle()];
                state.life = Some(Life {
                    routes,
                    disk,
                    inside,
                    tasks,
                    fate: Fate::Lost,
                    down_ms: 1_000,
                    is_broken: false,
                });
                drop(state);
                self.log.tell(|| format!("the {} starts", self.name));
            }
        }
    }

    fn boot_in(self: &Arc<Self>, ms: u64) {
        let node = Arc::clone(self);
        tokio::spawn(async move {
            sleep(Duration::from_millis(ms)).await;
            node.boot();
        });
    }

    /// Writes batch after batch, until the power fails or the store does.
    async fn write(self: Arc<Self>, disk: FaultDisk, mut writer: Box<dyn Writer>, mut chance: Chance) {
        loop {
            writer.wait().await;
            // While a batch is being synced the next one gathers.
            sleep(Duration::from_millis(chance.below(6))).await;
            writer.turn();
            if disk.is_off() {
                return self.lose_power();
            }
            if writer.has_failed() {
                self.log.tell(|| format!("the {}'s store has failed, and the program ends", self.name));
                return self.stop(Fate::Lost, 2_000);
            }
        }
    }

    /// Carries out a request; none if the machine is down or dies meanwhile.
    pub(crate) async fn serve(self: &Arc<Self>, request: Request<Bytes>) -> Option<(StatusCode, Bytes)> {
        let (tell, told) = oneshot::channel();
        {
            let mut state = self.lock();
            let life = state.life.as_mut()?;
            let routes = life.routes.clone();
            let task = tokio::spawn(async move {
                let Ok(answer) = routes.oneshot(request.map(Body::from)).await;
                let (head, body) = answer.into_parts();
                if let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await {
                    // Whoever asked may have stopped waiting.
                    let _ = tell.send((head.status, body));
                }
            });
            if life.tasks.len() >= TASKS_KEPT {
                life.tasks.retain(|task| !task.is_finished());
            }
            life.tasks.push(task.abort_handle());
        }
        told.await.ok()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.lock().life.is_some()
    }

    /// What runs on it, if anything does.
    pub(crate) fn inside(&self) -> Option<I> {
        self.lock().life.as_ref().map(|life| life.inside.clone())
    }

    /// What its disk would hold if the power failed now.
    pub(crate) fn images_now(&self, fate: Fate) -> Option<Images> {
        self.disk().map(|disk| disk.all_after_power_loss(fate))
    }

    /// Kills the program; what it wrote is there when it starts again.
    pub(crate) fn kill(self: &Arc<Self>, down_ms: u64) {
        if self.is_up() {
            self.log.fault(Fault::ProcessKilled, || format!("the {} is killed", self.name));
            self.stop(Fate::Kept, down_ms);
        }
    }

    /// Lets the power fail so many operations of the disk from now on.
    pub(crate) fn cut_after(&self, operations: u64, fate: Fate, down_ms: u64, at_start: Option<(u64, Fate)>) {
        let mut state = self.lock();
        state.cut_at_start = at_start;
        if let Some(life) = &mut state.life {
            (life.fate, life.down_ms) = (fate, down_ms);
            life.disk.power_fails_at(life.disk.operations() + operations);
        }
    }

    /// Lets every sync fail, and starts the machine again a while later.
    pub(crate) async fn fail_syncs(self: &Arc<Self>, down_ms: u64) {
        let Some(disk) = self.disk() else { return };
        self.log.fault(Fault::SyncFailed, || format!("the {}'s disk fails to sync", self.name));
        disk.fail_syncs();
        if let Some(life) = &mut self.lock().life {
            life.is_broken = true;
        }
        sleep(Duration::from_millis(down_ms)).await;
        if !disk.is_off() {
            self.log.tell(|| format!("the {} is started again", self.name));
            self.stop(Fate::Lost, 500);
        }
    }

    /// Lets the disk be full for a while.
    pub(crate) async fn fill_disk(self: &Arc<Self>, for_ms: u64) {
        let Some(disk) = self.disk() else { return };
        self.log.fault(Fault::DiskFull, || format!("the {}'s disk is full", self.name));
        disk.full_from(Some(disk.operations()));
        sleep(Duration::from_millis(for_ms)).await;
        self.log.tell(|| format!("the {}'s disk has room again", self.name));
        disk.full_from(None);
    }

    /// No power cut is to come any more.
    pub(crate) fn calm(self: &Arc<Self>) {
        let mut is_broken = false;
        {
            let mut state = self.lock();
            state.cut_at_start = None;
            if let Some(life) = &state.life {
                life.disk.power_fails_at(u64::MAX);
                life.disk.full_from(None);
                is_broken = life.is_broken;
            }
        }
        if is_broken {
            self.stop(Fate::Lost, 500);
        }
    }

    fn disk(&self) -> Option<FaultDisk> {
        self.lock().life.as_ref().map(|life| life.disk.clone())
    }

    fn lose_power(self: &Arc<Self>) {
        let Some((fate, down_ms)) = self.lock().life.as_ref().map(|life| (life.fate, life.down_ms)) else {
            return;
        };
        let (fault, what) = match fate {
            Fate::Lost => (Fault::PowerFailed, "what was not synced is lost"),
            Fate::Kept => (Fault::ProcessKilled, "what was written is there"),
            Fate::Torn => (Fault::WriteTorn, "the last write is torn"),
            Fate::Scattered(_) => (Fault::WritesScattered, "some sectors of what was not synced are there"),
        };
        self.log.fault(fault, || format!("the {} loses power at a write: {what}", self.name));
        self.stop(fate, down_ms);
    }

    fn stop(self: &Arc<Self>, fate: Fate, down_ms: u64) {
        let Some(life) = ({
            let mut state = self.lock();
            let life = state.life.take();
            if let Some(life) = &life {
                state.images = life.disk.all_after_power_loss(fate);
            }
            life
        }) else {
            return;
        };
        life.disk.cut_power();
        life.tasks.iter().for_each(AbortHandle::abort);
        self.boot_in(down_ms);
    }

    /// Every change is made whole, so a task that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, State<I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
