// Opens the page of a run, watches the video to its end and prints what was seen as one line of JSON.
//
//     node watch.mjs chromium|firefox PROGRAM RUN-ADDRESS SCREENSHOT SECONDS-OF-SCREENSHOT PROFILE-FOLDER

import { launch } from "./launch.mjs";

const [browserName, executablePath, address, picture, moment, userDataDir] = process.argv.slice(2);
const browser = await launch(browserName, executablePath, userDataDir);
try {
  const page = await browser.newPage();
  await page.goto(address, { waitUntil: "domcontentloaded" });
  const look = () => page.evaluate(() => {
    const video = document.querySelector("video");
    return { at: performance.now() / 1000, time: video.currentTime, ended: video.ended, width: video.videoWidth };
  });
  const samples = [];
  let taken = false;
  const deadline = Date.now() + 120_000;
  do {
    await new Promise((resolve) => setTimeout(resolve, 200));
    samples.push(await look());
    if (!taken && samples.at(-1).time >= Number(moment)) {
      await page.screenshot({ path: picture });
      taken = true;
    }
  } while (!samples.at(-1).ended && Date.now() < deadline);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const rungs = await page.evaluate(() => ({
    pieces: [...document.querySelectorAll(".rungs button")].map((piece) => piece.title),
    notes: [...document.querySelectorAll(".rung-notes li")].map((note) => [...note.children].slice(1).map((part) => part.textContent)),
  }));
  console.log(JSON.stringify({ samples, taken, ...rungs }));
} finally {
  await browser.close();
}
