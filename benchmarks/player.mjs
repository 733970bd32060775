// Asks for an episode on the start page of a server, plays it to its end, takes a picture, prints the run's id.
//
//     node player.mjs PROGRAM SERVER-ADDRESS TOPIC SECONDS-OF-PICTURE PICTURE PROFILE-FOLDER [INPUTS]
//
// INPUTS is a JSON object of further inputs, for example {"duration": 600, "run-seed": 7}.

import { launch } from "../tests/browser/launch.mjs";

const [program, address, topic, moment, picture, profile, more] = process.argv.slice(2);
const inputs = JSON.parse(more ?? "{}");
const end = Date.now() + 300_000 + 2000 * (inputs.duration ?? 0);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const browser = await launch("chromium", program, profile);
try {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForSelector("form input[name=topic]");
  await page.type("form input[name=topic]", topic);
  await page.evaluate((values) => {
    for (const [name, value] of Object.entries(values)) document.querySelector(`form [name="${name}"]`).value = value;
  }, inputs);
  await page.click("form .primary");
  await page.waitForFunction((at) => document.querySelector("video")?.currentTime >= at, { timeout: 120_000 }, Number(moment));
  await page.screenshot({ path: picture });
  while (!(await page.evaluate(() => document.querySelector("video").ended))) {
    if (Date.now() > end) throw new Error("the episode did not end");
    await sleep(1000);
  }
  await sleep(1500);
  console.log(new URL(await page.evaluate(() => location.href)).pathname.split("/").at(-1));
} finally {
  await browser.close();
}
