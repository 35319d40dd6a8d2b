// A replica of a service: says who it is, and can be slow or fail on request.
import { createServer } from "node:http";

const { NAME, RELEASE } = process.env;
createServer((request, response) => {
  const url = new URL(request.url, "http://replica");
  request.resume();
  request.on("end", () => {
    const status = Number(url.searchParams.get("status") ?? 200);
    const wait = Number(url.searchParams.get("wait") ?? 0);
    const parts = Number(url.searchParams.get("parts") ?? 1);
    setTimeout(() => {
      response.writeHead(status, { "x-turnout-service": NAME, "x-turnout-release": RELEASE });
      let left = parts;
      const next = () => {
        left -= 1;
        if (left <= 0) return response.end(NAME);
        response.write("part ");
        setTimeout(next, 100);
      };
      next();
    }, wait);
  });
}).listen(8000);
