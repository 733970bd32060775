// What the events of a run add up to.

const key = (path) => (path ?? []).join(".");

export class RunState {
  constructor(run) {
    this.run = run;
    this.title = "";
    this.inputs = {};
    this.status = "running";
    this.nodes = []; // the plan, in order
    this.tasks = new Map(); // node -> Map(path -> task)
    this.turns = new Map(); // path -> turn, kept in path order
    this.segments = [];
    this.rungs = new Map(); // path of a shot -> how it is made
    this.news = []; // what became of the plan: {t, waits, reason, changes}
    this.chapters = []; // {start, title}
    this.promises = {};
    this.finished = null;
    this.measured = null; // by a player that watched earlier
    this.t = 0; // seconds between the request and the last event
  }

  apply(event) {
    this.t = Math.max(this.t, event.t ?? 0);
    HANDLERS[event.event]?.(this, event);
  }

  get madeSeconds() {
    const last = this.segments.at(-1);
    return last ? last.start + last.seconds : 0;
  }

  tasksOf(node) {
    if (!this.tasks.has(node)) this.tasks.set(node, new Map());
    return this.tasks.get(node);
  }

  task(node, path) {
    const tasks = this.tasksOf(node);
    if (!tasks.has(key(path))) tasks.set(key(path), { path: path ?? [], state: "waiting", start: null, end: null, done: 0 });
    return tasks.get(key(path));
  }

  /** How many tasks are done, at work, and done without work because an earlier run had done them. */
  counts() {
    const tasks = [...this.tasks.values()].flatMap((nodes) => [...nodes.values()]);
    const inState = (name) => tasks.filter((task) => task.state === name).length;
    return { done: inState("done"), running: inState("running"), cached: tasks.filter((task) => task.cached).length };
  }

  /** Nodes that run at least once for each turn. */
  turnNodes(turnDepth) {
    const depths = new Map();
    for (const node of this.nodes) {
      const depth = node.for_each ? depths.get(node.for_each)?.items ?? 0 : 0;
      depths.set(node.node, { tasks: depth, items: depth + (node.streams ? 1 : 0) });
    }
    return this.nodes.filter((node) => depths.get(node.node).tasks >= turnDepth && turnDepth > 0);
  }

  /** "waiting", "running", "done" or "failed": how far a node is with one turn. */
  turnState(node, turn) {
    const own = [...this.tasksOf(node).values()].filter((task) => turn.path.every((n, i) => task.path[i] === n));
    if (own.some((task) => task.state === "failed")) return "failed";
    if (own.length && own.every((task) => task.state === "done")) return "done";
    return own.some((task) => task.state !== "waiting") ? "running" : "waiting";
  }

  /** How the shots are made, in the order of the show; `start` is null for those that cannot be played yet. */
  shots() {
    const shown = new Map();
    for (const { shot, start, seconds } of this.segments) {
      const known = shown.get(shot) ?? { start, seconds: 0 };
      shown.set(shot, { ...known, seconds: known.seconds + seconds });
    }
    const shots = [...this.rungs.values()].sort((a, b) => comparePaths(a.path, b.path));
    return shots.map((shot) => ({ start: null, ...shot, ...shown.get(key(shot.path)) }));
  }

  /** Mean quality of the shots by their length, and the share of the show on the best rung; null where no choice was. */
  looks() {
    const shots = this.shots();
    const total = shots.reduce((sum, shot) => sum + shot.seconds, 0);
    if (!total) return { quality: null, top: null };
    const quality = shots.reduce((sum, shot) => sum + shot.quality * shot.seconds, 0) / total;
    const top = shots.reduce((sum, shot) => sum + (shot.index === 0 ? shot.seconds : 0), 0) / total;
    return { quality, top };
  }

  /** The turn on air at a position of the episode, if it is known. */
  turnAt(position) {
    const segment = this.segments.findLast((s) => s.start <= position + 0.02);
    return segment && this.turnOfShot(segment.shot);
  }

  turnOfShot(shot) {
    const numbers = Array.isArray(shot) ? shot.map(Number) : String(shot ?? "").match(/\d+/g)?.map(Number) ?? [];
    for (let length = numbers.length; length > 0; length--) {
      const turn = this.turns.get(key(numbers.slice(0, length)));
      if (turn) return turn;
    }
    return undefined;
  }
}

function comparePaths(a, b) {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference) return difference;
  }
  return 0;
}

function addTurn(state, event) {
  const turn = { path: event.path, speaker: event.speaker, text: event.text, passage: event.passage, title: event.title, start: null };
  state.turns.set(key(event.path), turn);
  state.turns = new Map([...state.turns].sort(([, a], [, b]) => comparePaths(a.path, b.path)));
}

function addSegment(state, event) {
  state.segments.push({ start: event.start, seconds: event.seconds, shot: event.shot, t: event.t });
  const turn = state.turnOfShot(event.shot);
  const opens = turn && turn.start === null;
  if (opens) turn.start = event.start;
  const title = event.chapter ?? (opens ? turn.title : null);
  if (title && state.chapters.at(-1)?.title !== title) state.chapters.push({ start: event.start, title });
}

function addNews(state, event, waits) {
  state.news.push({ t: event.t, waits, reason: event.reason, changes: event.changes ?? [] });
}

function finishTask(state, event) {
  const task = state.task(event.node, event.path);
  task.state = "done";
  task.done = 1;
  task.end = event.t;
  task.start ??= event.t - (event.seconds ?? 0);
}

const HANDLERS = {
  "run.submitted": (state, e) => Object.assign(state, { title: e.title || e.workflow, inputs: e.inputs ?? {} }),
  "run.resumed": (state) => Object.assign(state, { finished: null, status: "running" }),
  "run.titled": (state, e) => { state.title = e.title; },
  "run.planned": (state, e) => Object.assign(state, { nodes: e.nodes ?? [], promises: e.promises ?? {} }),
  "run.replanned": (state, e) => {
    state.nodes = e.nodes ?? state.nodes;
    addNews(state, e, false);
  },
  "run.waiting": (state, e) => addNews(state, e, true),
  "task.started": (state, e) =>
    Object.assign(state.task(e.node, e.path), { state: "running", start: e.t, model: e.model, worker: e.worker, cached: e.cache === "hit" }),
  "task.progressed": (state, e) => Object.assign(state.task(e.node, e.path), { done: e.done }),
  "task.finished": finishTask,
  "task.failed": (state, e) =>
    Object.assign(state.task(e.node, e.path), { state: e.retry ? "waiting" : "failed", end: e.t, error: e.error }),
  "task.skipped": (state, e) => Object.assign(state.task(e.node, e.path), { state: "done", start: e.t, end: e.t, done: 1 }),
  "turn.written": addTurn,
  "segment.published": addSegment,
  "shot.rung": (state, e) => state.rungs.set(key(e.path), e),
  "playback.moved": (state, e) => { if (Number.isFinite(e.ttff_s)) state.measured = e; },
  "run.finished": (state, e) => Object.assign(state, { finished: e, status: e.status }),
};
