import { request } from "node:http";

/** Asks an app for a page through the router, by the name it has there: {status, body}. */
export function visit(appUrl, path = "/") {
  const { hostname, port } = new URL(appUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, headers: { Host: `${hostname}:${port}` } },
      (answer) => {
        let body = "";
        answer.on("data", (part) => {
          body += part;
        });
        answer.on("end", () => resolve({ status: answer.statusCode, body }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}
