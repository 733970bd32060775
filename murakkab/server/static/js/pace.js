// When a show that is still being made may begin: as soon as it is made faster than it plays.

const FASTER = 1.1; // seconds of the show made in a second
const SURE = [[1, 2], [2, 1.25]]; // the same, where little is known: before so many seconds of the show are there
const ENOUGH = 4; // seconds of the show with which it begins at any pace: from there on quality gives way
const LONGEST = 10; // seconds after the first segment at which it begins whatever is there

/** Whether playing may begin, by the events that were seen so far. `now` is in seconds since the request. */
export function mayBegin(state, now) {
  const { segments } = state;
  if (state.status !== "running") return true;
  if (!segments.length) return false;
  const needed = SURE.find(([before]) => state.madeSeconds < before)?.[1] ?? FASTER;
  return state.madeSeconds >= ENOUGH || now - segments[0].t >= LONGEST || pace(state) >= needed;
}

/** Seconds of the show made in a second since the first shot was begun; where no shot was told, since the first segment. */
function pace(state) {
  const [first] = state.segments;
  const last = state.segments.at(-1);
  const shots = [...state.rungs.values()].map((shot) => shot.t);
  const made = shots.length ? state.madeSeconds : state.madeSeconds - first.seconds;
  return made / Math.max(last.t - (shots.length ? Math.min(...shots) : first.t), 1e-3);
}
