"""The executor of journeys: whole columns of runs at a time, decided at one instant.

**Meaning of a step** (`Executor.step(inputs, at)`), in this order; instants are microseconds since 1970 in UTC.

1. *Merges*: runs, messages and tasks of a customer that went up in another go to that one. Of live runs of one
   journey of which only so many may live (`reentry.parallel`, or one in a `group`), the further ones go on, the
   others end `merged` at the step's instant. Further is: more steps taken, then entered earlier, then the smaller
   run_id. Runs of either customer look at all that the survivor ever did since they entered, for 3 and 5. Splits
   leave runs as they are. *Requests* of people come after them: stop, move, resume. So a run that is merged when its
   journey goes on ends as the pause left it, `arrived` too. What a request asks of more runs than one step takes is
   done with all that the step has in hand anyhow before anything else befalls them, and with the others by later steps
   at the same instant: nothing depends on how many they are. Callers of runs that are stopped go on before their own
   goals and exits are looked for, as when one step ends them all.
2. *Entries*, by (time, seq or place in the input, version_id). Refused ones leave a step `refused:<why>`: `eligible`
   (asked at the step's instant), `reentry`, `parallel`, `cooldown`, `max`, `group`. A run already known is passed over.
   Counted are runs that no other run called, in all versions of the journey: `never`: none before; `after_exit`: none
   live; `always`: fewer than `parallel` live, none live with the same key where the entry has one. `cooldown` since the
   entry of the latest one, `max` those with entered > time - per. Events older than LATENESS when they came in, or
   before `entries_from`, start nothing. The key is the canonical text of the trigger's field, "" where missing (no
   key). Rate: slot k comes 1/per_second after slot k-1; beyond `per_day` (local day of the zone's default) after the
   next midnight; a run is `held` until its slot. Audiences (schedule, one-off, date, backfill) are frozen when they are
   due and enter at the instant for which they were made, by id (of several that had to wait the earlier one first);
   with a rate at the step's instant, as many as the rate gives since its last slot (at most of one second) and the day
   has left. While all accounts are full over which they could get a message at once (`Plan.doors`, `World.room`)
   audiences stay where they are, for HELD_BACK after each look; who was held back enters at the step's instant. Who
   could begin by himself meanwhile (at once, or since his hold is over or his slot there) is held, too: due at the
   journey's next look, HELD_BACK after the last one (`pressure`), as is everybody after him until a look leaves nobody
   waiting. At a look as many begin as there is room for, by (entered, run_id); others end `expired` once `expire_after`
   has passed since they could have begun or the journey went on after a pause (`arrived` says since when). Who went up
   in another meanwhile enters as that one. Of starts that nobody saw to only the first one is made up for. Hold-out:
   bucket(salt or journey, customer) < holdout * 10,000 ends `holdout` at the moment at which the run would begin.
3. *Erasure, holds, goals and exits* of live runs: events with time >= entered, not the one that started the run; the
   earliest (time, seq) of each counts; at equal time erasure, `unless` of the hold, goal, exits in their order. What
   `unless` names takes away a run that is held, with time in [entered, entered + for]: step `not_qualified`. A goal
   only with time <= entered + within; `then: continue` sets `goal_at` and no more. An exit with `before` only while the
   run's node is neither that node nor behind it (a run that has not begun is before every node). `ended` = max(time,
   arrived). Runs that entered in this step look at all events that the pool has, the others at those of the step.
   After a merge, events at the very instant of the entry that are named like what started the run count no more: they
   can't be told from it.
   Segment exits: the outcome's instant. A called run is asked for all of this as soon as it is called: it does nothing
   before. What ended runs had called ends with them (`stopped`), unless it ended by itself until then.
4. *Outcomes* of messages, tasks, calls and writes of the run's present node, visit and hop; the run goes on at
   max(concluded, arrived).
5. *Awaited events* (the earliest with time in (arrived, due]), then *timers* (due <= at): at equal time the event wins.
   A run whose life is over (entered + max_life <= due) ends `expired` then; at the very instant at which it would go
   on, the end comes first. Callers come before those they called, whose timers and awaited events count no more once
   their caller is over in the step, were they due before: as with goals and exits, and as at one instant the end comes
   before the step. A step that takes timers of called runs looks at their callers, too, so its portion changes nothing.
6. *Waves*: what is ready moves on, node by node in topological order, until nothing is ready; scarce things (coupons)
   are given out by (time of the run, lot of the run): an audience of a journey that gives coupons is let in by the same
   lots, so its portions change nothing. Time goes with the run, not with the tick: a run woken by its timer
   goes on at its due time, one woken by an event at the event's. So `arrived` is exact whatever the batch, and a late
   step's message expires as if it had been in time. Conditions are answered at the step's instant. Whoever came to
   wait for something when his life is over already ends `expired` once nothing is ready, and what he planned with him.

*Sends*: a guard that does not hold: hop 0 `suppressed(guard_false)`. After a final outcome of hop n: accepted ->
`next`; a reason in `next_on` of that hop -> hop n+1; `unknown` not listed -> `next` (it may have gone out); else ->
`else`, the reason kept in `runs.reason`. Deadlines count from max(the run's time, at): `accept_within` of the hop; else
one day after the message expires (LINGER); a message without expiry a week. Then a waiting message is cancelled
(`expired`), a task of somebody fails (`staff_timeout`), any other is `unknown`: all of these before the first timer
goes on, so that caps count them as that for everything sent after outcomes in the step.

*Dates*: a date is midnight (or `time`) of that day on the customer's wall, moved by whole days of `offset` on the
wall and by the rest in elapsed time; read again when it is due and when it was told anew (then at the step's
instant).

*Spans* of months are calendar months of the zone's default; all others are elapsed time.

`visit` counts how often `repeat` nodes sent the run back, so (node, visit) is unique. Names in `vars` that begin with
`@` are the executor's: `@node` (arrival at a node that a condition counts from), `@@repeat` (times sent back). The key
of a called run is `node:visit` of its caller.
"""
