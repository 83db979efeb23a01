// What the review page promises, tried out in headless Chromium. Expected orders come from summary.json, not from the page.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, sample, thousand, group] = process.argv.slice(2);
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");
const summary = JSON.parse(readFileSync(join(sample, "summary.json"), "utf8"));
const customers = summary.customers;
const warned = new Set(summary.warning_details.map((warning) => warning.customer).filter(Boolean));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const problems = [];

/** A page of a directory of output; whatever goes wrong in it, or leaves the disk, is a problem. */
async function open(directory, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.on("request", (request) => {
    if (!/^(file|data|about):/.test(request.url())) problems.push("asked for " + request.url());
  });
  context.on("requestfailed", (request) => problems.push("not found: " + request.url()));
  const page = await context.newPage();
  page.on("console", (message) => {
    // The viewer's frame is closed to scripts: an invoice in it is read without its own.
    if (/^Blocked script execution/.test(message.text())) return;
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(pathToFileURL(join(directory, "index.html")).href);
  return page;
}

const ids = (page) =>
  page.$$eval("#table tbody tr:not([hidden])", (rows) => rows.map((row) => row.id.replace("customer-", "") || "sum"));
const head = (page, key) => page.locator(`th[data-sort="${key}"]`);

const tests = {
  async "columns sort, up and down"() {
    const page = await open(sample);
    // Figures of the sample have fewer than fifteen digits, so numbers tell their order.
    for (const key of ["subtotal", "total", "cost", "margin", "pages"]) {
      // Discounts that the issuer keeps make the cost smaller and the margin larger.
      const kept = { cost: 1, margin: -1 }[key] ?? 0;
      const value = (customer) => Number(customer[key]) + kept * Number(customer.kept);
      const up = customers.toSorted((a, b) => value(a) - value(b) || (a.id < b.id ? -1 : 1)).map((one) => one.id);
      const down = customers.toSorted((a, b) => value(b) - value(a) || (a.id < b.id ? -1 : 1)).map((one) => one.id);
      await head(page, key).getByRole("button").click();
      assert.equal(await head(page, key).getAttribute("aria-sort"), "descending");
      assert.deepEqual(await ids(page), down, key);
      await head(page, key).getByRole("button").click();
      assert.equal(await head(page, key).getAttribute("aria-sort"), "ascending");
      assert.deepEqual(await ids(page), up, key);
    }
    assert.equal(await page.locator("[aria-sort]").count(), 1);
    // Who was not billed in July has no change; it comes last when the largest come first.
    await head(page, "change").getByRole("button").click();
    assert.equal((await ids(page)).at(-1), "takahashi");
  },

  async "rows are filtered by text and by warnings"() {
    const page = await open(sample);
    await page.getByRole("searchbox").fill("髙橋");
    assert.deepEqual(await ids(page), ["takahashi"]);
    assert.match(await page.locator("#count").textContent(), /^1 \/ 6 /);
    await page.getByRole("searchbox").fill("HARBOUR 202208");
    assert.deepEqual(await ids(page), ["harbourline"]);
    await page.getByRole("searchbox").fill("nobody");
    assert.deepEqual(await ids(page), []);
    assert.ok(await page.locator("#nothing").isVisible());
    await page.getByRole("searchbox").fill("");
    await page.getByRole("checkbox").check();
    assert.ok(warned.size > 0 && warned.size < customers.length);
    assert.deepEqual(await ids(page), customers.map((one) => one.id).filter((id) => warned.has(id)));
    // A warning leads to its row, hidden or not.
    await page.getByRole("searchbox").fill("nobody");
    await page.locator("#warnings a").first().click();
    await page.locator("tr:target").waitFor({ state: "visible" });
  },

  async "an invoice opens in place, and the next with a key"() {
    const page = await open(sample);
    await head(page, "total").getByRole("button").click();
    const order = await ids(page);
    const button = page.locator(`#customer-${order[0]} button.view`);
    await button.click();
    const viewer = page.getByRole("dialog");
    assert.ok(await viewer.isVisible());
    const shown = async (id) => {
      const number = customers.find((one) => one.id === id).number;
      await page.frameLocator("#viewer-frame").getByText(number).first().waitFor();
      assert.equal(await page.locator("#viewer-number").textContent(), number);
    };
    await shown(order[0]);
    assert.ok(await page.locator("#viewer-previous").isDisabled());
    for (const id of order.slice(1)) {
      await page.keyboard.press("ArrowRight");
      await shown(id);
    }
    assert.ok(await page.locator("#viewer-next").isDisabled());
    await page.keyboard.press("ArrowRight");
    await shown(order.at(-1));
    await page.keyboard.press("ArrowLeft");
    await shown(order.at(-2));
    // The button of the last step is disabled under the pointer, and the keys go on.
    await page.locator("#viewer-next").click();
    await shown(order.at(-1));
    await page.keyboard.press("ArrowLeft");
    await shown(order.at(-2));
    await page.keyboard.press("Escape");
    await viewer.waitFor({ state: "hidden" });
    await page.locator(`#customer-${order.at(-2)} button.view:focus`).waitFor();
  },

  async "everything can be done with the keyboard, and focus is seen"() {
    const page = await open(sample);
    const reach = async (selector) => {
      for (let steps = 0; steps < 80; steps++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) {
          const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
          assert.notEqual(outline, "none", selector);
          return;
        }
      }
      assert.fail("no way to " + selector);
    };
    await reach("#filter");
    await page.keyboard.type("zuiun");
    await reach('th[data-sort="total"] button');
    await page.keyboard.press("Enter");
    assert.equal(await head(page, "total").getAttribute("aria-sort"), "descending");
    await reach("button.view");
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#viewer-number").textContent(), "INV-202208-zuiun");
    // Not through the frame: its focus moves in a process of its own, later than the key returns.
    const step = async (key, selector) => {
      if (key) await page.keyboard.press(key);
      await page.locator(selector + ":focus").waitFor();
    };
    await step(null, "#viewer-close");
    await step("Shift+Tab", "#viewer-open");
    await step("Tab", "#viewer-close");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.locator("#customer-zuiun button.view:focus").waitFor();
  },

  async "text is readable in light and in dark"() {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(sample, { colorScheme });
      const { pale, ground } = await page.evaluate(() => {
        const channels = (color) => color.match(/[\d.]+/g).map(Number);
        const light = (color) => {
          const linear = channels(color).slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        };
        const behind = (element) => {
          for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if ((channels(color)[3] ?? 1) === 1) return color;
          }
          return "rgb(255, 255, 255)";
        };
        const pale = [];
        for (const element of document.querySelectorAll("body *")) {
          const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim());
          if (!own || !element.checkVisibility() || element.closest("svg, script, style, .unseen")) continue;
          const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
          if ((one + 0.05) / (other + 0.05) < 4.5) pale.push(element.outerHTML.slice(0, 90));
        }
        return { pale, ground: light(getComputedStyle(document.body).backgroundColor) };
      });
      assert.deepEqual(pale, [], colorScheme);
      assert.equal(ground > 0.5, colorScheme === "light");
    }
  },

  async "figures stand on the right, digits below digits"() {
    const page = await open(sample);
    const figures = await page.$$eval("td.r", (cells) =>
      cells.filter((cell) => cell.checkVisibility()).map((cell) => getComputedStyle(cell)).map((style) => [style.textAlign, style.fontVariantNumeric]),
    );
    assert.ok(figures.length > 60);
    for (const figure of figures) assert.deepEqual(figure, ["right", "tabular-nums"]);
  },

  async "a phone shows everything without scrolling sideways"() {
    const page = await open(sample, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(await wide(), 390);
    for (const details of await page.locator("details").all()) await details.evaluate((one) => (one.open = true));
    assert.equal(await wide(), 390);
    await page.locator("#order").selectOption("total down");
    assert.equal((await ids(page))[0], "zuiun");
    for (const customer of customers) {
      assert.ok(await page.locator(`#customer-${customer.id} .total`).isVisible());
    }
    await page.locator("#customer-zuiun button.view").tap();
    await page.frameLocator("#viewer-frame").getByText("INV-202208-zuiun").first().waitFor();
    assert.equal(await wide(), 390);
  },

  async "the print has every customer and no buttons"() {
    const page = await open(sample);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    const text = execFileSync("pdftotext", ["-layout", "-", "-"], { input: pdf }).toString().normalize("NFKC");
    for (const customer of customers) {
      assert.ok(text.includes(customer.number), customer.number);
      const total = "¥" + customer.total.replace(/\B(?=(\d{3})+$)/g, ",");
      assert.ok(text.includes(total), total);
    }
    assert.ok(!text.includes(await page.locator("button.view").first().textContent()));
  },

  async "without script it is a page of links"() {
    const page = await open(sample, { javaScriptEnabled: false });
    assert.equal(await page.locator("#table tbody tr").count(), customers.length);
    assert.equal(await page.locator("button:visible, input:visible, select:visible").count(), 0);
    // The customer's two documents, and the full record of its invoice as CSV and JSON.
    for (const name of ["PDF", "HTML", "CSV", "JSON"]) {
      const links = page.locator("#table a:visible").getByText(name, { exact: true });
      assert.equal(await links.count(), customers.length, name);
    }
  },

  async "rows of one payer stay together, until they are not wanted together"() {
    const page = await open(group);
    assert.deepEqual(await ids(page), ["sum", "a", "sum", "c", "d", "b", "e"]);
    // 10 times 1080, 2080 and 3080 is less than 10 times 9080; downwards the sums are still above their rows.
    await head(page, "subtotal").getByRole("button").click();
    assert.deepEqual(await ids(page), ["e", "b", "sum", "sum", "d", "c", "a"]);
    await page.getByRole("searchbox").fill("大阪");
    assert.deepEqual(await ids(page), ["sum", "sum", "d", "c"]);
    assert.match(await page.locator("#count").textContent(), /^2 \/ 5 /);
    await page.getByRole("searchbox").fill("");
    await page.locator("#grouped").uncheck();
    assert.deepEqual(await ids(page), ["e", "b", "d", "c", "a"]);
    await page.locator("#grouped").check();
    assert.deepEqual(await ids(page), ["e", "b", "sum", "sum", "d", "c", "a"]);
    const plain = await open(group, { javaScriptEnabled: false });
    assert.deepEqual(await ids(plain), ["sum", "a", "sum", "c", "d", "b", "e"]);
    // Where no payer has two customers there is nothing to choose.
    assert.equal(await (await open(sample)).locator("#grouped").count(), 0);
  },

  async "the chart has its own height, whatever is beside it"() {
    const page = await open(sample);
    assert.equal((await page.locator("svg.months").boundingBox()).height, 168);
  },

  async "no text overlaps another, with sums of seventeen digits either"() {
    for (const width of [390, 768, 1080, 1440]) {
      const page = await open(group, { viewport: { width, height: 900 } });
      for (const details of await page.locator("details").all()) await details.evaluate((one) => (one.open = true));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      const overlaps = await page.evaluate(() => {
        const boxes = [];
        const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const parent = node.parentElement;
          if (!node.textContent.trim() || !parent.checkVisibility() || parent.closest("svg, select, .unseen, thead")) continue;
          const range = document.createRange();
          range.selectNodeContents(node);
          for (const box of range.getClientRects()) if (box.width > 0) boxes.push([node, box]);
        }
        const found = [];
        for (const [i, [one, a]] of boxes.entries()) {
          for (const [other, b] of boxes.slice(i + 1)) {
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            // Lines of text may touch; the first column of the wide table stays above what scrolls below it.
            const isFixed = [one, other].some((node) => node.parentElement.closest(".matrix th"));
            if (one !== other && wide > 1 && high > 3 && !isFixed) found.push(one.textContent.trim() + " / " + other.textContent.trim());
          }
        }
        return found;
      });
      assert.deepEqual(overlaps, [], String(width));
    }
  },

  async "every printed page of the table has its head"() {
    const page = await open(thousand);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    const text = execFileSync("pdftotext", ["-layout", "-", "-"], { input: pdf }).toString();
    const pages = text.split("\f").filter((one) => /INV-202208-c\d{4}/.test(one));
    assert.ok(pages.length > 10, String(pages.length));
    for (const one of pages) assert.match(one.split("Customer 0")[0], /Customer.*Billed.*Cost.*Margin.*Total/);
    // The sum of all is at the end alone.
    assert.equal(text.match(/^\s*Total\s+¥/gm).length, 1);
  },

  async "a thousand customers are sorted and filtered, too"() {
    const page = await open(thousand);
    assert.equal((await ids(page)).length, 1000);
    await head(page, "total").getByRole("button").click();
    await page.getByRole("searchbox").fill("c07");
    // c0700 to c0799.
    assert.equal((await ids(page)).length, 100);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280);
    // How fast it is depends on the machine: printed, not checked.
    const again = await open(thousand);
    await again.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    const paint = await again.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    console.log("     first paint of a thousand customers after " + Math.round(paint) + " ms");
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
