// Source to push: a folder that a Dockerfile makes an image of without pulling.
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = new URL("../../", import.meta.url).pathname;

/** Builds the app that the end-to-end tests push; gives its path. */
export async function buildApp(dir) {
  const app = join(dir, "app");
  await run("go", ["build", "-ldflags", "-s -w", "-o", app, "./e2e/testapp"], {
    cwd: repository,
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  return app;
}

/** A git repository with the app in it, pushed with a token as password. */
export class Source {
  constructor(dir, app) {
    this.dir = dir;
    this.app = app;
  }

  async init() {
    await mkdir(this.dir, { recursive: true });
    await copyFile(this.app, join(this.dir, "app"));
    await chmod(join(this.dir, "app"), 0o755);
    await this.git("init", "-q", "-b", "main");
    return this;
  }

  /** Writes a Dockerfile with these lines after the app was copied. */
  async write(...lines) {
    const dockerfile = ["FROM scratch", "COPY app /app", ...lines, 'ENTRYPOINT ["/app"]', ""].join("\n");
    await writeFile(join(this.dir, "Dockerfile"), dockerfile);
  }

  /** Commits such a Dockerfile. */
  async commit(message, ...lines) {
    await this.write(...lines);
    await this.git("add", "-A");
    await this.git("commit", "-qm", message);
  }

  /** The folder as what the API takes. */
  async tar() {
    const { stdout } = await run("tar", ["-C", this.dir, "--exclude=.git", "-cf", "-", "."], {
      encoding: "buffer",
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  /** Pushes; gives {ok, output}. */
  async push(url, token) {
    const askpass = join(this.dir, ".git", "askpass");
    await writeFile(askpass, '#!/bin/sh\ncase "$1" in Username*) echo git ;; *) echo "$TOKEN" ;; esac\n', {
      mode: 0o700,
    });
    try {
      const { stderr } = await this.git("push", url, "HEAD:main", { GIT_ASKPASS: askpass, TOKEN: token });
      return { ok: true, output: stderr };
    } catch (error) {
      return { ok: false, output: String(error.stderr) };
    }
  }

  git(...args) {
    const extra = typeof args.at(-1) === "object" ? args.pop() : {};
    const identity = { GIT_AUTHOR_NAME: "Ada", GIT_AUTHOR_EMAIL: "ada@example.com" };
    return run("git", args, {
      cwd: this.dir,
      env: {
        PATH: process.env.PATH,
        HOME: this.dir,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        ...identity,
        GIT_COMMITTER_NAME: identity.GIT_AUTHOR_NAME,
        GIT_COMMITTER_EMAIL: identity.GIT_AUTHOR_EMAIL,
        ...extra,
      },
    });
  }
}
