
"use strict";
(() => {
  const words = document.currentScript.dataset;
  const tables = [...document.querySelectorAll(".appendix table.d:not(.closing), table[data-live]")];
  if (!tables.length) return;

  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const isSum = (row) => row.classList.contains("s");
  const isFixed = (row) => isSum(row) || row.classList.contains("l");
  // The cell that covers a column, and its text with what the next cell adds to an amount.
  const cellAt = (row, column) => {
    let at = 0;
    for (const cell of row.cells) {
      if (column < at + cell.colSpan) return cell;
      at += cell.colSpan;
    }
    return null;
  };
  const textAt = (row, column, span) => {
    let text = "";
    for (let at = column; at < column + span; at += 1) text += cellAt(row, at)?.textContent ?? "";
    return text.trim();
  };
  // An amount, a quantity or a date begins with a digit; anything else is compared as words.
  const number = (text) => {
    const plain = text.normalize("NFKC").replace(/[,\s¥$€]/g, "").replace(/^[−△▲]/, "-");
    return /^-?[0-9.]+$/.test(plain) ? Number(plain) : null;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (x !== null && y !== null) return x - y;
    if (a === "" || b === "") return (a === "") - (b === "");
    return a.localeCompare(b, undefined, { numeric: true });
  };

  const parts = tables.map((table) => {
    // The parts of a summary have their groups' names above their rows.
    const heading = (body) => fold(body.querySelector("tr.l")?.textContent ?? "");
    const bodies = [...table.tBodies].map((body) => ({ body, rows: [...body.rows], title: heading(body) }));
    const title = table.tHead?.querySelector(".g")?.textContent ?? "";
    return { table, bodies, title: fold(title), sorted: null };
  });
  const put = (part, rowsOf) => {
    for (const { body, rows } of part.bodies) body.append(...rowsOf(rows));
  };
  // Rows are sorted between headings and sums, which stay where they are.
  const sorted = (rows, column, span, sign) => {
    const all = [];
    let run = [];
    const close = () => {
      run.sort((a, b) => sign * compare(textAt(a, column, span), textAt(b, column, span)));
      all.push(...run);
      run = [];
    };
    for (const row of rows) {
      if (!isFixed(row)) run.push(row);
      else {
        close();
        all.push(row);
      }
    }
    close();
    return all;
  };
  const order = (part) => {
    const { head, column, span, sign } = part.sorted ?? {};
    for (const other of part.table.tHead?.querySelectorAll("th[aria-sort]") ?? []) other.removeAttribute("aria-sort");
    head?.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    put(part, (rows) => (head ? sorted(rows, column, span, sign) : rows));
  };

  for (const part of parts) {
    const heads = part.table.tHead?.rows;
    if (!heads?.length || part.bodies.every(({ rows }) => rows.length < 3)) continue;
    let column = 0;
    for (const head of heads[heads.length - 1].cells) {
      const [at, span] = [column, head.colSpan];
      column += span;
      // A heading that links to its item stays a link; it is sorted by a button behind it.
      const link = head.querySelector("a");
      // No <button>: Chromium leaves it out where a table's head is repeated on paper.
      const button = document.createElement("span");
      button.className = "live-sort";
      button.tabIndex = 0;
      button.setAttribute("role", "button");
      if (link) {
        const mark = document.createElement("span");
        mark.className = "live-mark";
        mark.append(" ", button);
        button.textContent = "↕";
        button.setAttribute("aria-label", (words.sort ?? "") + head.textContent);
        head.append(mark);
      } else {
        button.append(...head.childNodes);
        button.title = (words.sort ?? "") + button.textContent;
        head.append(button);
      }
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        button.click();
      });
      button.addEventListener("click", () => {
        const now = part.sorted?.head === head ? part.sorted.sign : 0;
        part.sorted = now < 0 ? null : { head, column: at, span, sign: now > 0 ? -1 : 1 };
        order(part);
      });
    }
  }

  // The days of a resource as bars, where its first column has dates.
  const bars = (part) => {
    const heads = part.table.tHead?.rows;
    const title = part.table.tHead?.querySelector(".g");
    const last = heads?.[heads.length - 1].cells;
    if (!title || !last?.[0]?.hasAttribute("data-day")) return;
    let columns = 0;
    for (const head of last) columns += head.colSpan;
    const span = last[last.length - 1].colSpan;
    const days = new Map();
    for (const { rows } of part.bodies) {
      for (const row of rows.filter((row) => !isFixed(row))) {
        const day = Number(/-([0-9]+)$/.exec(row.cells[0].textContent)?.[1]);
        const amount = number(textAt(row, columns - span, span));
        if (!(day >= 1 && day <= 31) || amount === null) continue;
        days.set(day, (days.get(day) ?? 0) + amount);
      }
    }
    const most = Math.max(...days.values(), 0);
    if (days.size < 2 || most <= 0) return;
    const name = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(name, "svg");
    svg.setAttribute("viewBox", "0 0 310 26");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "live-days");
    svg.setAttribute("aria-hidden", "true");
    for (const [day, amount] of days) {
      const height = Math.max((24 * Math.max(amount, 0)) / most, 0.5);
      const bar = document.createElementNS(name, "rect");
      const at = { x: 10 * (day - 1) + 1, y: 26 - height, width: 8, height, fill: "currentColor" };
      for (const [key, value] of Object.entries(at)) bar.setAttribute(key, value);
      const text = document.createElementNS(name, "title");
      text.textContent = day + ": " + amount.toLocaleString(document.documentElement.lang);
      bar.append(text);
      svg.append(bar);
    }
    title.append(svg);
  };
  parts.forEach(bars);

  const tools = document.createElement("div");
  tools.className = "live-tools";
  tools.setAttribute("role", "search");
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = words.search ?? "";
  input.setAttribute("aria-label", input.placeholder);
  const count = document.createElement("output");
  tools.append(input, count);
  const head = document.querySelector(".appendix-head");
  if (head) head.after(tools);
  else tables[0].before(tools);
  const hide = (element, hidden) => element.classList.toggle("live-hidden", hidden);
  const search = (query) => {
    const wanted = fold(query).split(/\s+/).filter(Boolean);
    const fits = (text) => wanted.every((word) => text.includes(word));
    let found = 0;
    let all = 0;
    for (const part of parts) {
      let shown = 0;
      for (const { body, rows, title } of part.bodies) {
        const above = (part.title + " " + title).trim();
        const whole = above !== "" && fits(above);
        let open = 0;
        let left = 0;
        for (const row of rows.filter((row) => !isFixed(row))) {
          const hidden = wanted.length > 0 && !whole && !fits(above + " " + fold(row.textContent));
          hide(row, hidden);
          all += 1;
          open += hidden ? 0 : 1;
          left += hidden ? 1 : 0;
        }
        // A sum of rows that are not all there would add up to something else.
        for (const row of rows.filter(isSum)) hide(row, wanted.length > 0 && (left > 0 || open === 0));
        hide(body, wanted.length > 0 && open === 0);
        shown += open;
      }
      hide(part.table, wanted.length > 0 && shown === 0);
      found += shown;
    }
    const contents = document.querySelector(".appendix .contents");
    if (contents) hide(contents, wanted.length > 0);
    if (!wanted.length) count.textContent = "";
    else if (!found) count.textContent = words.none ?? "";
    else count.textContent = found + " / " + all + (words.found ?? "");
  };
  input.addEventListener("input", () => search(input.value));
  // Whoever comes by a link sees where it leads.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest(".live-hidden")) {
      input.value = "";
      search("");
      target.scrollIntoView();
    }
  });
  // Paper has every row in the invoice's order.
  addEventListener("beforeprint", () => {
    search("");
    parts.forEach((part) => put(part, (rows) => rows));
  });
  addEventListener("afterprint", () => {
    search(input.value);
    parts.forEach(order);
  });
})();
