import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionString, parseConnectionString } from "../../core/jobs/database-address.ts";

const address = {
  host: "db.example.org",
  port: 5432,
  name: "shop",
  user: "app",
  password: "p@ss/w%rd",
  sslmode: "require",
};

test("every part of a connection string is escaped", () => {
  assert.equal(connectionString(address), "postgresql://app:p%40ss%2Fw%25rd@db.example.org:5432/shop?sslmode=require");
});

test("what a connection string leaves out has its default", () => {
  assert.deepEqual(parseConnectionString("postgresql://app@db.example.org/shop"), {
    ...address,
    password: "",
    sslmode: "disable",
  });
});

test("an unusable connection string is an error that does not show it", () => {
  for (const text of [
    "postgresql://app:secret@/shop",
    "postgresql://app:secret@db.example.org",
    "http://app:secret@:x/",
  ])
    assert.throws(
      () => parseConnectionString(text),
      (error: Error & { input?: string }) => !`${error.stack} ${error.input}`.includes("secret"),
      text,
    );
});

test("sslmode is read as it is, without a warning", async () => {
  const warnings: Error[] = [];
  const listener = (warning: Error) => void warnings.push(warning);
  process.on("warning", listener);
  for (const sslmode of ["disable", "allow", "prefer", "require"])
    assert.equal(parseConnectionString(connectionString({ ...address, sslmode })).sslmode, sslmode);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listener);
  assert.deepEqual(warnings, []);
});
