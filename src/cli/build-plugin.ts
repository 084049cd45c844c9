#!/usr/bin/env node
import { launch } from "./launch.ts";

await launch(["build", ...process.argv.slice(2)]);
