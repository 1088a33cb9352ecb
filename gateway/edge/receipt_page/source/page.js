// The page: files in, words out. Everything that came from a file is put in as text.

const state = { receipt: null, receipts: 0, files: [], keys: [], witnesses: [], said: null, language: "id", run: 0 };
const by = (id) => document.getElementById(id);

function say(name, values = {}) {
  return WORDS[state.language][name].replace(/\{(\w+)\}/g, (_, each) => values[each]);
}

function element(tag, content, ...children) {
  const made = document.createElement(tag);
  if (content) made.textContent = content;
  made.append(...children);
  return made;
}

// Western Indonesian time.
function wib(at) {
  const [day, time] = new Date(at.getTime() + 7 * 3600e3).toISOString().slice(0, 19).split("T");
  return `${day.split("-").reverse().join("-")} ${time} WIB`;
}

async function contentOf(file) {
  return { part: null, name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

// Of several files the receipt is the one that says so; a single first file is taken for one, whatever it is.
async function takeFiles(list) {
  const run = ++state.run;
  show({ busy: true });
  try {
    const files = await Promise.all([...list].map(contentOf));
    const isReceipt = (each) => new TextDecoder().decode(each.bytes.slice(0, 1 << 20)).includes('"simojo-receipt"');
    const receipt = files.find(isReceipt) || (state.receipt ? null : files[0]);
    if (receipt) {
      state.receipt = receipt;
      state.receipts += 1;
      state.files = [];
    }
    state.files.push(...files.filter((each) => each !== receipt));
  } catch (fault) {
    if (run === state.run) show({ unreadable: fault.message });
    return;
  }
  await check();
}

async function check() {
  const run = ++state.run;
  if (!state.receipt) {
    show(null);
    return;
  }
  show({ busy: true });
  let said;
  try {
    said = { verdict: await judge(state.receipt.bytes, state.keys, state.files, state.witnesses) };
  } catch (fault) {
    if (!(fault instanceof Damaged)) throw fault;
    said = { damage: fault };
  }
  if (run === state.run) show(said);
}

function show(said) {
  state.said = said;
  const result = by("result");
  const outcome = outcomeOf(said);
  result.dataset.outcome = outcome;
  result.dataset.code = said && said.damage ? said.damage.code : "";
  result.dataset.engine = said && said.verdict ? said.verdict.engine.ed25519 : "";
  result.replaceChildren(...sentences(said, outcome));
  result.setAttribute("aria-busy", String(outcome === "busy"));
  if (outcome !== "busy") showParts();
}

function outcomeOf(said) {
  if (!said) return "empty";
  if (said.busy) return "busy";
  if (said.unreadable) return "unreadable";
  if (said.damage) return said.damage.isGiven ? "differs" : "damaged";
  return said.verdict.trusted ? "proven" : "consistent";
}

function sentences(said, outcome) {
  if (["empty", "busy"].includes(outcome)) return [element("p", say(outcome))];
  if (outcome === "unreadable") return [element("p", say(outcome, { detail: said.unreadable }))];
  if (said.damage) {
    const headline = element("p", say(outcome));
    headline.className = "headline";
    const why = element("ul", "", element("li", `${DAMAGE[state.language][said.damage.code]} [${said.damage.code}]`));
    return [headline, checkedFiles(), element("h3", say("why")), why, technical([said.damage.message])];
  }
  const verdict = said.verdict;
  const headline = element("p", say(outcome, { exchange: verdict.exchange, origin: verdict.checkpoint.origin }));
  headline.className = "headline";
  return [
    headline,
    checkedFiles(),
    element("h3", say(verdict.trusted ? "is" : "would")),
    element("ul", "", ...provenBy(verdict).map((each) => element("li", each))),
    element("h3", say("not")),
    element("ul", "", ...notProvenBy(verdict).map((each) => element("li", each))),
    technical([
      say("engine", { sha256: say(verdict.engine.sha256), ed25519: say(verdict.engine.ed25519) }),
      verdict.verifier,
      `root ${hex(verdict.checkpoint.root)}`,
      `certificate SHA-256 ${verdict.certificate.sha256}`,
    ]),
  ];
}

function checkedFiles() {
  return element("p", say("checked", { files: [state.receipt, ...state.files].map((each) => each.name).join(", ") }));
}

function provenBy(verdict) {
  const kinds = KINDS[state.language];
  return [
    ...verdict.leaves.map(([index, leaf]) => say("leaf", { index, kind: kinds[leaf.kind] || leaf.kind, at: wib(leaf.at) })),
    say("tree", { size: verdict.checkpoint.size }),
    ...[...verdict.opened].map(([part, file]) => say("opened", { part, file })),
    ...verdict.witnessed.judged.map(({ name, at }) => say("witness", { name, at: wib(at) })),
  ];
}

function notProvenBy(verdict) {
  const { name, notBefore, notAfter } = verdict.certificate;
  const said = verdict.trusted ? [] : [say("key", verdict)];
  if (verdict.named !== verdict.verifier) {
    said.push(say("other-key", { named: verdict.named.slice(0, 160), verifier: verdict.verifier }));
  }
  if (verdict.closed.length) said.push(say("closed", { parts: verdict.closed.join(", ") }));
  if (verdict.sealed.length) said.push(say("sealed", { parts: verdict.sealed.join(", ") }));
  said.push(say("certificate", { name, valid: `${wib(notBefore)} - ${wib(notAfter)}` }));
  const readable = (at) => (at ? wib(at) : say("no-time"));
  for (const each of verdict.witnessed.others) said.push(say("cosigned", { name: each.name, at: readable(each.at) }));
  if (verdict.hasTimestamp) said.push(say("stamped", { at: readable(verdict.stamp) }));
  said.push(say("clock"));
  if (!verdict.witnessed.judged.length) said.push(say("fork"));
  return said;
}

function technical(lines) {
  return element("details", "", element("summary", say("technical")), ...lines.map((each) => element("p", each)));
}

// One field for each part that the receipt can open. A field stays as long as its receipt, with the file chosen in it.
function showParts() {
  let salts = [];
  try {
    salts = state.receipt ? [...readDocument(state.receipt.bytes).salts.keys()].sort() : [];
  } catch {
    // no receipt: no parts
  }
  by("parts-none").textContent = salts.length ? say("parts-hint") : say(state.receipt ? "parts-closed" : "parts-none");
  const shown = `${state.receipts} ${salts.length}`;
  if (by("parts").dataset.shown !== shown) {
    by("parts").dataset.shown = shown;
    by("parts").replaceChildren(...salts.map(partField));
  }
  for (const label of by("parts").querySelectorAll("label")) {
    label.textContent = say("part-file", { part: label.control.dataset.part });
  }
}

function partField(part, number) {
  const input = element("input");
  input.type = "file";
  input.id = `part-${number}`;
  input.dataset.part = part;
  input.addEventListener("change", async () => {
    state.files = state.files.filter((each) => each.part !== part);
    for (const file of input.files) state.files.push({ ...(await contentOf(file)), part });
    await check();
  });
  const label = element("label");
  label.htmlFor = input.id;
  return element("div", "", label, input);
}

function speak(language) {
  state.language = language;
  document.documentElement.lang = language;
  document.title = `${say("title")} - SIMOJO`;
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  by("language").lang = language === "id" ? "en" : "id";
  show(state.said);
}

by("language").addEventListener("click", () => speak(state.language === "id" ? "en" : "id"));
by("files").addEventListener("change", async (event) => {
  const chosen = [...event.target.files];
  event.target.value = ""; // the same file may be chosen again, after it was mended
  if (chosen.length) await takeFiles(chosen);
});
// A key has no space in it, so several stand apart by spaces or lines.
for (const [id, name] of [["key", "keys"], ["witness", "witnesses"]]) {
  by(id).addEventListener("input", async (event) => {
    state[name] = event.target.value.split(/\s+/).filter(Boolean);
    await check();
  });
}
by("again").addEventListener("click", async () => {
  Object.assign(state, { receipt: null, files: [], keys: [], witnesses: [] });
  by("key").value = "";
  by("witness").value = "";
  await check();
  by("files").focus();
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, async (event) => {
    event.preventDefault();
    by("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) await takeFiles(event.dataTransfer.files);
  });
}
by("download").hidden = !location.protocol.startsWith("http");
speak("id");
