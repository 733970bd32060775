// Fills in the form of a workflow, submits it and looks at the results of another run; prints what it saw as JSON.
//
//     node form.mjs BROWSER PROGRAM SERVER-ADDRESS WORKFLOW FILE FINISHED-RUN PICTURES-FOLDER PROFILE-FOLDER

import { launch } from "./launch.mjs";

const [browserName, executablePath, address, workflow, file, run, pictures, profile] = process.argv.slice(2);
const browser = await launch(browserName, executablePath, profile);
try {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (fault) => faults.push(fault.message));
  await page.goto(`${address}/#${workflow}`);
  await page.waitForSelector(".start-form .primary");
  const form = await page.evaluate(() => ({
    cards: [...document.querySelectorAll(".picker input")].map((radio) => [radio.value, radio.checked]),
    broken: [...document.querySelectorAll(".broken summary")].map((summary) => summary.textContent),
    fields: Object.fromEntries([...document.querySelector(".start-form").elements].filter((e) => e.name).map((e) => [e.name, {
      type: e.type, required: e.required, value: e.value, min: e.min, max: e.max,
      label: e.labels[0]?.textContent ?? "",
    }])),
  }));
  await page.click(".primary");
  const refused = await page.evaluate(() => document.querySelector(".start-form :invalid")?.name);
  await page.type("[name=words]", "hello");
  await page.click("details.options summary");
  await page.select("[name=mood]", "merry");
  await page.click("[name=loud]");
  await (await page.$("[name=first_file]")).uploadFile(file);
  await page.screenshot({ path: `${pictures}/${browserName}-form.png`, fullPage: true });
  await page.click(".primary");
  await page.waitForSelector(".watch.plain");
  const made = await page.evaluate(() => ({
    pictures: [...document.querySelectorAll(".picture")].filter((e) => !e.hidden).length, path: location.pathname,
  }));
  await page.goto(`${address}/runs/${run}`);
  await page.waitForSelector(".outputs dd");
  const results = await page.evaluate(() => ({
    text: document.querySelector(".outputs").innerText, sounds: document.querySelectorAll(".outputs audio").length,
    images: [...document.querySelectorAll(".outputs img")].map((image) => image.getAttribute("src")),
    links: [...document.querySelectorAll(".outputs a.file")].map((link) => link.getAttribute("href")),
    bold: document.querySelectorAll(".outputs b").length,
  }));
  await page.screenshot({ path: `${pictures}/${browserName}-results.png`, fullPage: true });
  console.log(JSON.stringify({ form, refused, made, results, faults }));
} finally {
  await browser.close();
}
