// Asks for an episode on the start page, watches it to its end and prints what was seen as one line of JSON.
//
//     node play.mjs chromium|firefox PROGRAM PAGE-ADDRESS TOPIC SCREENSHOT-PREFIX PROFILE-FOLDER

import { launch } from "./launch.mjs";

const [browserName, executablePath, address, topic, picture, userDataDir] = process.argv.slice(2);
const DEADLINE_MS = 60_000;
/** What the page shows of the video now. */
function look() {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [16, 9];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 16, 9);
  return {
    at: performance.now() / 1000, time: video.currentTime, ended: video.ended, paused: video.paused, muted: video.muted, width: video.videoWidth,
    captions: [...document.querySelectorAll(".captions:not([hidden]) p")].map((line) => line.textContent),
    brightest: Math.max(...context.getImageData(0, 0, 16, 9).data.filter((_, i) => i % 4 !== 3)),
    turn: document.querySelector(".turn.current p")?.textContent ?? null,
  };
}

/** What the page says when the episode has been played. */
function readPage() {
  const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
  return {
    title: document.querySelector("h1").textContent,
    measures: Object.fromEntries([...document.querySelectorAll(".tiles div")].map((d) => [...d.children].map((c) => c.textContent))),
    turns: texts(".turn > p"), sources: texts(".source blockquote"), nodes: texts(".lanes b"), models: texts(".lanes .model"), chapters: texts(".chapters button"), news: texts(".news li"), about: texts(".side > .hint"),
    downloads: texts(".downloads a"), elements: document.querySelectorAll(".turn b").length,
    foreign: performance.getEntriesByType("resource").map((r) => r.name).filter((name) => !name.startsWith(location.origin)),
  };
}

async function published(run) {
  const answer = await fetch(`${address}/runs/${run}/hls/video.m3u8`);
  const text = answer.ok ? await answer.text() : "";
  return { segments: text.split("#EXTINF").length - 1, complete: text.includes("#EXT-X-ENDLIST") };
}

/** Go back, mute and hide the captions by keyboard, play a bit faster; say what that did. */
async function useKeys(page) {
  for (const key of ["m", "c", "ArrowLeft"]) await page.keyboard.press(key);
  await page.click('.control.speed');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return page.evaluate(() => {
    const video = document.querySelector("video");
    return { muted: video.muted, time: video.currentTime, captions: !document.querySelector(".captions").hidden };
  });
}

async function watch(page, run) {
  const samples = [];
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline && !samples.at(-1)?.ended) {
    samples.push({ ...(await page.evaluate(look)), ...(await published(run)) });
    if (samples.length > 1 && samples.at(-1).time > 2 && samples.at(-2).time <= 2) await page.screenshot({ path: `${picture}-playing.png` });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return samples;
}

const browser = await launch(browserName, executablePath, userDataDir);
try {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (fault) => faults.push(String(fault)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(address);
  await page.waitForSelector("form input[name=topic]");
  await page.type("form input[name=topic]", topic);
  await page.screenshot({ path: `${picture}-start.png` });
  await page.click("form .primary");
  await page.waitForSelector("video");
  const run = new URL(await page.evaluate(() => location.href)).pathname.split("/").at(-1);
  const samples = await watch(page, run);
  await page.waitForSelector(".downloads a");
  await page.screenshot({ path: `${picture}-ended.png`, fullPage: true });
  const seen = { run, samples, page: await page.evaluate(readPage), keys: await useKeys(page), faults };
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
