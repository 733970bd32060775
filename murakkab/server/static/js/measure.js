// What the viewer gets, measured where it is seen: times from the request to the first frame, the first content and
// the first spoken word on screen, and the seconds spent waiting for data after playback began.

const SAMPLES = 2000;

/** A name for this player that tells it from the others of the same run. */
const newViewer = () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Measure {
  /** `requestedAt` is the moment of the request in ms of `performance.now()`, or null when it is not known. */
  constructor(video, requestedAt) {
    this.video = video;
    this.requestedAt = requestedAt;
    this.viewer = newViewer();
    this.frameAt = null; // moments in ms
    this.contentMoment = null;
    this.speechMoment = null;
    this.speechWasMuted = false;
    this.stall = 0;
    this.stalls = 0;
    this.contentAt = null; // positions in the episode, set as they become known
    this.speechAt = null;
    this.samples = []; // [position in s, moment in ms], until all first times are known
    this.waitingSince = null; // moment and position at which the present wait began
    this.waitingFrom = 0;
    this.watch();
  }

  watch() {
    const { video } = this;
    this.nextFrame();
    video.addEventListener("timeupdate", () => this.sample(video.currentTime, performance.now()));
    video.addEventListener("waiting", () => this.startWaiting());
    video.addEventListener("timeupdate", () => video.currentTime > this.waitingFrom && this.endWaiting(true));
    for (const name of ["playing", "pause", "seeking"]) video.addEventListener(name, () => this.endWaiting(true));
    video.addEventListener("ended", () => this.endWaiting(false));
  }

  nextFrame() {
    if (!this.video.requestVideoFrameCallback) return;
    this.video.requestVideoFrameCallback((now, frame) => {
      this.onFrame(frame.mediaTime, Math.max(now, frame.expectedDisplayTime));
      if (!this.isComplete()) this.nextFrame();
    });
  }

  /** A frame that stands still while playing has not begun is not the first one. */
  onFrame(position, moment) {
    if (this.video.paused && this.frameAt === null) return;
    this.frameAt ??= moment;
    this.sample(position, moment);
  }

  isComplete() {
    return this.frameAt !== null && this.speechMoment !== null && this.contentMoment !== null;
  }

  sample(position, moment) {
    if (this.isComplete() || this.video.paused || this.video.seeking) return;
    if (!this.video.requestVideoFrameCallback) this.frameAt ??= moment;
    if (this.frameAt === null) return;
    if (this.samples.length < SAMPLES) this.samples.push([position, moment]);
    if (this.speechMoment === null) {
      this.speechMoment = this.reached(this.speechAt);
      this.speechWasMuted = this.video.muted;
    }
    this.contentMoment ??= this.reached(this.contentAt);
  }

  /** The moment at which playback reached a position; null before that. */
  reached(position) {
    if (position === null) return null;
    const after = this.samples.findIndex(([at]) => at >= position);
    if (after < 0) return null;
    const [at, moment] = this.samples[after];
    const earlier = after > 0 ? this.samples[after - 1] : [at, moment];
    const share = at > earlier[0] ? (position - earlier[0]) / (at - earlier[0]) : 1;
    return earlier[1] + Math.max(0, share) * (moment - earlier[1]);
  }

  /** Seconds from the request to a moment; null while one of them is not known. */
  since(moment) {
    return this.requestedAt === null || moment === null ? null : (moment - this.requestedAt) / 1000;
  }

  get ttff() {
    return this.since(this.frameAt);
  }

  get firstContent() {
    return this.since(this.contentMoment);
  }

  get firstSpeech() {
    return this.since(this.speechMoment);
  }

  startWaiting() {
    if (this.frameAt === null || this.waitingSince !== null || this.video.paused || this.video.seeking) return;
    this.waitingSince = performance.now();
    this.waitingFrom = this.video.currentTime;
  }

  /** A wait that ends with the episode was no wait for data: there was none to come. */
  endWaiting(counts) {
    if (this.waitingSince === null) return;
    if (counts) {
      this.stall += (performance.now() - this.waitingSince) / 1000;
      this.stalls += 1;
    }
    this.waitingSince = null;
  }

  get stallSeconds() {
    return this.stall + (this.waitingSince === null ? 0 : (performance.now() - this.waitingSince) / 1000);
  }

  report() {
    const { video } = this;
    return {
      viewer: this.viewer,
      position_s: video.currentTime,
      rate: video.playbackRate,
      playing: !video.paused && !video.ended && this.frameAt !== null,
      muted: video.muted,
      ttff_s: this.ttff,
      first_content_s: this.firstContent,
      first_speech_s: this.firstSpeech,
      stall_s: this.stallSeconds,
      stalls: this.stalls + (this.waitingSince === null ? 0 : 1),
      ended: video.ended,
      agent: navigator.userAgent,
    };
  }
}
