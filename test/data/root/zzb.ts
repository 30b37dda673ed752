import { createRootWriter } from "../../../src/data/root/write-node.ts";
import type { RootColumn } from "../../../src/data/root/column.ts";
import { schemaOfColumns } from "../../../src/data/root/write-schema.ts";
import { statSync } from "node:fs";
const rows = 1_000_000; const cols: RootColumn[] = [];
for (let i=0;i<12;i++) cols.push({name:`f${i}`,type:"float32",inner:[],values:Float32Array.from({length:rows},(_, k)=>((k*7919+i)%1000)/4)});
for (let i=0;i<4;i++) cols.push({name:`d${i}`,type:"float64",inner:[],values:Float64Array.from({length:rows},(_, k)=>Math.sin(k+i))});
for (let i=0;i<4;i++) cols.push({name:`i${i}`,type:"int32",inner:[],values:Int32Array.from({length:rows},(_, k)=>k%(i+5))});
const off=new Uint32Array(rows+1); for(let k=0;k<rows;k++) off[k+1]=off[k]+((k*31)%5);
for (let i=0;i<10;i++) cols.push({name:`Jet_${i}`,type:"float32",inner:[],offsets:off,values:Float32Array.from({length:off[rows]},(_, k)=>((k*7919+i)%1000)/4)});
const mb = cols.reduce((n,c)=>n+(c.values as Float32Array).byteLength,0)/1e6;
for (const compression of (process.argv[2]??"none").split(",")) {
const t0=performance.now(); const c0=process.cpuUsage();
const w = await createRootWriter("/tmp/rw/b.root",{compression: compression as "none"}); const t=w.tree("Events",schemaOfColumns(cols)); await t.append(cols); await w.close();
const s=(performance.now()-t0)/1e3; const c=process.cpuUsage(c0); console.log(compression, mb.toFixed(0),"MB", s.toFixed(2),"s", (mb/s).toFixed(0),"MB/s cpu",c.user/1e6,c.system/1e6, statSync("/tmp/rw/b.root").size/1e6);
}
