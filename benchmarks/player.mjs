// Asks for an episode on the start page of a server, plays it to its end, takes a picture, prints the run's id.
//
//     node player.mjs PROGRAM SERVER-ADDRESS TOPIC SECONDS-OF-PICTURE PICTURE PROFILE-FOLDER

import { launch } from "../tests/browser/launch.mjs";

const [program, address, topic, moment, picture, profile] = process.argv.slice(2);
const browser = await launch("chromium", program, profile);
try {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForSelector("form input[name=topic]");
  await page.type("form input[name=topic]", topic);
  await page.click("form .primary");
  await page.waitForFunction((at) => document.querySelector("video")?.currentTime >= at, { timeout: 120_000 }, Number(moment));
  await page.screenshot({ path: picture });
  await page.waitForFunction(() => document.querySelector("video").ended, { timeout: 300_000 });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  console.log(new URL(await page.evaluate(() => location.href)).pathname.split("/").at(-1));
} finally {
  await browser.close();
}
