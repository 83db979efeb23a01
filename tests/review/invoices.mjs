// What an invoice's HTML can do in headless Chromium: search and sort of its details, bars of days, phones, paper, and the same
// page without its script. Expected rows come from the invoice's JSON, not from the page.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, month, names] = process.argv.slice(2);
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const problems = [];
const customers = ["yamamoto", "harbourline", "zuiun", "midorino"];
const path = (customer, extension, directory = month) => join(directory, customer, `INV-202208-${customer}.${extension}`);
const invoice = (customer) => JSON.parse(readFileSync(path(customer, "json"), "utf8"));

async function open(customer, options = {}, directory = month) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.on("request", (request) => {
    if (!/^(file|data|about):/.test(request.url())) problems.push("asked for " + request.url());
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(pathToFileURL(path(customer, "html", directory)).href);
  return page;
}

const DETAILS = ".appendix table.d:not(.closing)";
/** The texts of the rows that are seen, without headings and sums. */
const rows = (page) =>
  page.$$eval(DETAILS + " tbody tr", (rows) =>
    rows.filter((row) => row.checkVisibility() && !row.matches(".s, .l")).map((row) => row.textContent),
  );
const box = (page) => page.getByRole("searchbox");

const tests = {
  async "a resource is found by its id, and its name"() {
    for (const customer of customers) {
      const page = await open(customer);
      const all = await rows(page);
      // Resources without charges may have no rows of their own.
      const charged = invoice(customer).details.filter((one) => Number(one.amount) !== 0);
      const resources = new Map(charged.map((one) => [one.resource, one.resource_name]));
      const [id] = [...resources.keys()].filter(Boolean).slice(-1);
      await box(page).fill(id);
      const found = await rows(page);
      assert.ok(found.length > 0 && found.length < all.length, `${customer} ${id}: ${found.length} of ${all.length}`);
      const seen = page.locator(DETAILS + ":visible");
      for (const text of await seen.allTextContents()) assert.ok(text.includes(id), customer);
      if (resources.get(id)) {
        await box(page).fill(resources.get(id).toUpperCase());
        assert.ok((await rows(page)).length > 0, resources.get(id));
      }
      await box(page).fill("nobody has this");
      assert.equal((await rows(page)).length, 0);
      assert.ok((await page.locator(".live-tools output").textContent()).length > 0);
      await box(page).fill("");
      assert.deepEqual(await rows(page), all);
    }
  },

  async "rows are sorted up, down and back"() {
    for (const customer of customers) {
      const page = await open(customer);
      const before = await rows(page);
      const table = page.locator(DETAILS).filter({ has: page.locator(".live-sort") }).first();
      const button = table.locator(".live-sort").last();
      const head = table.locator("thead th").filter({ has: page.locator(".live-sort") }).last();
      const amounts = async () => {
        const texts = await table.locator("tbody").first().locator("tr:not(.s):not(.l)").evaluateAll((rows) =>
          rows.map((row) => [...row.querySelectorAll("td.m, td.x")].map((cell) => cell.textContent).join("") || row.cells[row.cells.length - 1].textContent),
        );
        return texts.map((text) => Number(text.replace(/[^0-9.-]/g, "")));
      };
      await button.click();
      assert.equal(await head.getAttribute("aria-sort"), "ascending");
      assert.deepEqual(await amounts(), (await amounts()).toSorted((a, b) => a - b), customer);
      await button.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "descending");
      assert.deepEqual(await amounts(), (await amounts()).toSorted((a, b) => b - a), customer);
      await button.click();
      assert.equal(await head.getAttribute("aria-sort"), null);
      assert.deepEqual(await rows(page), before);
    }
  },

  async "days of a resource are bars"() {
    const page = await open("yamamoto");
    const charts = await page.$$eval(".live-days", (charts) => charts.map((chart) => chart.querySelectorAll("rect").length));
    assert.ok(charts.length > 0 && charts.every((bars) => bars >= 2 && bars <= 31), String(charts));
  },

  async "items are no days, whatever their names"() {
    const page = await open("names", {}, names);
    assert.ok((await rows(page)).length === 4);
    assert.equal(await page.locator(".live-days").count(), 0);
  },

  async "a group is found by its name"() {
    const page = await open("zuiun");
    const groups = await page.$$eval(DETAILS + " tbody", (bodies) =>
      bodies.filter((body) => body.querySelector("tr.l")).map((body) => [body.querySelector("tr.l").textContent, body.querySelectorAll("tr:not(.s):not(.l)").length]),
    );
    assert.ok(groups.length > 1);
    const [name, count] = groups[0];
    // A name that no row has.
    assert.ok(!(await rows(page)).some((row) => row.includes(name)), name);
    await box(page).fill(name);
    assert.equal((await rows(page)).length, count);
    assert.equal(await page.locator(DETAILS + " tr.l:visible").count(), 1);
    assert.equal(await page.locator(DETAILS + " tr.s:visible").count(), 1);
  },

  async "paper has every row in order, and no tools"() {
    const page = await open("midorino");
    const all = await rows(page);
    await box(page).fill("nobody has this");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await rows(page), all);
    assert.equal(await page.locator(".live-tools:visible, .live-days:visible").count(), 0);
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal((await rows(page)).length, 0);
  },

  async "it prints as without script"() {
    for (const customer of customers) {
      const printed = async (options) => {
        const pdf = await (await open(customer, options)).pdf({ preferCSSPageSize: true, printBackground: true });
        return execFileSync("pdftotext", ["-bbox", "-", "-"], { input: pdf }).toString().match(/<word .*/g);
      };
      assert.deepEqual(await printed({}), await printed({ javaScriptEnabled: false }), customer);
    }
  },

  async "without script it is the same page"() {
    for (const customer of customers) {
      const [page, plain] = [await open(customer), await open(customer, { javaScriptEnabled: false })];
      const shown = await plain.locator(DETAILS + " tbody tr:visible").count();
      assert.equal(shown, await page.locator(DETAILS + " tbody tr:visible").count());
      assert.equal(await plain.locator("input:visible, button:visible").count(), 0);
    }
  },

  async "a phone splits no amount and scrolls down only"() {
    for (const customer of customers) {
      const page = await open(customer, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, customer);
      const split = await page.$$eval("td, th, div, span", (elements) =>
        elements
          .filter((one) => !one.children.length && one.checkVisibility() && /^-?[¥$][0-9,.]+-?$/.test(one.textContent.trim()))
          .filter((one) => {
            const range = document.createRange();
            range.selectNodeContents(one);
            return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
          })
          .map((one) => one.textContent),
      );
      assert.deepEqual(split, [], customer);
      // The decimals of an amount have a cell of their own beside it.
      const apart = await page.$$eval(DETAILS + " tr", (rows) =>
        rows
          .map((row) => [row.querySelector("td.m"), row.querySelector("td.x")])
          .filter(([whole, part]) => whole?.checkVisibility() && part?.textContent && part.checkVisibility())
          .filter(([whole, part]) => part.getBoundingClientRect().top >= whole.getBoundingClientRect().bottom)
          .map(([whole, part]) => whole.textContent + part.textContent),
      );
      assert.deepEqual(apart, [], customer);
    }
  },

  async "a tablet gets the wide page"() {
    for (const customer of customers) {
      const page = await open(customer, { viewport: { width: 768, height: 1024 } });
      assert.ok(await page.locator(".items thead").isVisible(), customer);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 768, customer);
    }
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    assert.deepEqual(problems.splice(0), [], "problems in the page");
    console.log("ok   " + name);
  } catch (error) {
    failed += 1;
    problems.splice(0);
    console.error("FAIL " + name + "\n" + error.stack);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
