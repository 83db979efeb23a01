// What mailparser reads of the messages in a directory, as JSON.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { simpleParser } = createRequire(import.meta.url)(join(process.env.NODE_PATH, "mailparser"));
const directory = process.argv[2];
const read = async (name) => {
  const mail = await simpleParser(readFileSync(join(directory, name)));
  const files = mail.attachments.map((file) => ({
    name: file.filename,
    type: file.contentType,
    sha256: createHash("sha256").update(file.content).digest("hex"),
  }));
  return {
    from: mail.from.text,
    to: mail.to.text,
    subject: mail.subject,
    id: mail.messageId,
    date: mail.date.toISOString(),
    text: mail.text,
    files,
  };
};
const names = readdirSync(directory).filter((name) => name.endsWith(".eml")).sort();
console.log(JSON.stringify(Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)])))));
