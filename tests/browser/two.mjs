// Two viewers watch one run: the first to its end, the second joins later and leaves again. Prints what both saw as JSON.
//
//     node two.mjs chromium|firefox PROGRAM PAGE-ADDRESS PROFILE-FOLDER

import { launch } from "./launch.mjs";

const [browserName, executablePath, address, userDataDir] = process.argv.slice(2);
const DEADLINE_MS = 60_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const look = (page) => page.evaluate(() => {
  const video = document.querySelector("video");
  return video && { at: performance.now() / 1000, time: video.currentTime, ended: video.ended, width: video.videoWidth };
});

async function watch(page, until) {
  const samples = [];
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline && !(samples.length && until(samples.at(-1)))) {
    const seen = await look(page);
    if (seen) samples.push(seen);
    await wait(100);
  }
  return samples;
}

async function begin() {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ workflow: "podcast", inputs: { topic: "Cats" } });
  return (await (await fetch(`${address}/api/runs`, { method: "POST", headers, body })).json()).url;
}

async function open(context, url) {
  const page = await context.newPage();
  await page.goto(address + url, { waitUntil: "domcontentloaded" });
  return page;
}

const browser = await launch(browserName, executablePath, userDataDir);
try {
  const others = await browser.createBrowserContext();
  const first = await browser.newPage();
  await first.goto(address); // so that the page is loaded by the time the run begins
  const url = await begin();
  await first.goto(address + url, { waitUntil: "domcontentloaded" });
  const before = await watch(first, ({ time }) => time > 1);
  const second = await watch(await open(others, url), ({ time }) => time > 0.5);
  await others.close();
  const after = await watch(first, ({ ended }) => ended);
  await wait(1500);
  console.log(JSON.stringify({ url, first: [...before, ...after], second }));
} finally {
  await browser.close();
}
