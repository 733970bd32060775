// How the browsers are started: headless, silent, allowed to play sound without a click, off the network.

import { mkdirSync } from "node:fs";
import puppeteer from "puppeteer-core";

const CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio",
];
const FIREFOX = { "media.autoplay.default": 0, "media.volume_scale": "0.0", "datareporting.policy.dataSubmissionEnabled": false };
const TRIES = 4;

/** Start a browser. One that does not answer within 30 s is ended by puppeteer and started again with a profile of its own. */
export async function launch(browserName, executablePath, profile) {
  for (let tried = 1; ; tried++) {
    const userDataDir = `${profile}-${tried}`;
    mkdirSync(userDataDir, { recursive: true });
    try {
      return await puppeteer.launch(options(browserName, executablePath, userDataDir));
    } catch (fault) {
      if (fault.name !== "TimeoutError" || tried === TRIES) throw fault;
      console.error(`${browserName} did not start within 30 s (try ${tried} of ${TRIES})`);
    }
  }
}

function options(browserName, executablePath, userDataDir) {
  const common = { executablePath, headless: true, userDataDir, defaultViewport: { width: 1360, height: 900 } };
  return browserName === "firefox"
    ? { ...common, browser: "firefox", extraPrefsFirefox: FIREFOX }
    : { ...common, args: CHROMIUM };
}
