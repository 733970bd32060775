// Plays an HLS playlist that is still growing, from its first segment on.

import Hls from "/static/vendor/hls.min.js";

// The server holds a playlist until there is something new in it, so a slow answer is no fault.
const PATIENT = {
  default: {
    maxTimeToFirstByteMs: 60_000,
    maxLoadTimeMs: 60_000,
    timeoutRetry: { maxNumRetry: 10_000, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 10_000, retryDelayMs: 200, maxRetryDelayMs: 1000 },
  },
};

const SETTINGS = {
  startPosition: 0, // an episode is watched from its start, not from the live edge
  lowLatencyMode: true, // reload a playlist as soon as the server has a new segment (blocking reload)
  liveDurationInfinity: false,
  maxBufferLength: 120, // seconds
  backBufferLength: Infinity,
  startFragPrefetch: true,
  enableWorker: false, // fragmented MP4 needs no transmuxing; a worker would only start later
  subtitlePreference: { forced: false }, // captions are on until they are turned off
  manifestLoadPolicy: PATIENT,
  playlistLoadPolicy: PATIENT,
};

const spokenLines = (track) => [...(track.activeCues ?? [])].map((cue) => cue.getCueAsHTML().textContent);

export class Player {
  /**
   * `onBlocked(isBlocked)` tells whether the browser only lets the episode start without sound, `onCaptions(lines)`
   * what is being said.
   */
  constructor(video, { onBlocked, onCaptions, onFault }) {
    this.video = video;
    this.onBlocked = onBlocked;
    this.onFault = onFault;
    // Chromium claims native HLS and then fails on a playlist of one segment: Media Source Extensions come first.
    this.hls = Hls.isSupported() ? new Hls(SETTINGS) : null;
    if (this.hls) this.hls.subtitleDisplay = false; // loaded, and shown by the page itself
    this.hls?.attachMedia(video);
    video.textTracks.addEventListener("addtrack", ({ track }) => {
      track.addEventListener("cuechange", () => onCaptions(spokenLines(track)));
    });
    this.hls?.on(Hls.Events.ERROR, (_name, fault) => fault.fatal && this.recover(fault));
  }

  /** Load the playlist. */
  load(url) {
    if (this.hls) this.hls.loadSource(url);
    else this.video.src = url;
  }

  /** Play as soon as there is a frame; without sound where the browser insists. */
  async play() {
    try {
      await this.video.play();
    } catch (fault) {
      if (fault.name !== "NotAllowedError") return;
      this.video.muted = true;
      this.onBlocked(true);
      await this.video.play().catch(() => {});
    }
  }

  unmute() {
    this.video.muted = false;
    this.onBlocked(false);
    this.video.play();
  }

  /** Start of the first caption in seconds, null while there is none. */
  firstCaption() {
    const starts = [...this.video.textTracks].map((track) => track.cues?.[0]?.startTime).filter(Number.isFinite);
    return starts.length ? Math.min(...starts) : null;
  }

  /** Seconds of the episode that are loaded beyond the current position. */
  ahead() {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  recover(fault) {
    if (fault.type === Hls.ErrorTypes.MEDIA_ERROR && !this.recovered) {
      this.recovered = true;
      this.hls.recoverMediaError();
      return;
    }
    this.onFault(`The player stopped: ${fault.details}`);
  }

  close() {
    this.hls?.destroy();
    this.video.removeAttribute("src");
  }
}
