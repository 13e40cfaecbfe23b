//! The same work on many things at once, on all processors.

use std::sync::Mutex;
use std::thread;

/// Returns what `work` makes of each of `items`, in their order. Every processor takes the next that
/// nobody has taken.
pub(crate) fn map_all<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = processors.min(items.len());
    if workers <= 1 {
        return items.into_iter().map(work).collect();
    }
    let pending = Mutex::new(items.into_iter().enumerate());
    let take = || match pending.lock() {
        Ok(mut pending) => pending.next(),
        // Another worker has panicked, which is passed on below.
        Err(_) => None,
    };
    let (take, work) = (&take, &work);
    let worker = || {
        let mut done = Vec::new();
        while let Some((index, item)) = take() {
            done.push((index, work(item)));
        }
        done
    };
    let mut all = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.flatten().collect::<Vec<_>>()
    });
    all.sort_unstable_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}

/// Returns what both return; the first runs on another thread.
pub(crate) fn join<A: Send, B>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        match first.join() {
            Ok(first) => (first, second),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_however_long_each_takes() {
        let work = |number: u64| {
            thread::sleep(std::time::Duration::from_micros(number * 37 % 11 * 100));
            number * number
        };
        let squares: Vec<u64> = (0..100).map(|number| number * number).collect();
        assert_eq!(map_all((0..100).collect(), work), squares);
        assert_eq!(map_all(Vec::new(), work), [0; 0]);
        assert_eq!(map_all(vec![7], work), [49]);
    }

    #[test]
    #[should_panic(expected = "no threes")]
    fn a_panic_is_passed_on() {
        map_all(vec![1, 2, 3, 4], |number| {
            assert_ne!(number, 3, "no threes")
        });
    }
}
