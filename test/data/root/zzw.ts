import { createRootWriter } from "../../../src/data/root/write-node.ts";
const w = await createRootWriter("/tmp/rw/a.root", { basketBytes: 100 });
const t = w.tree("Events", [{name:"pt",type:"float32"},{name:"run",type:"uint64"},{name:"Mu_pt",type:"float64",counter:"nMu"},{name:"s",type:"string"},{name:"m",type:"int16",inner:[2,3],counter:"nMu"},{name:"b",type:"bool"}]);
for (let k=0;k<3;k++) await t.append([{name:"pt",type:"float32",inner:[],values:Float32Array.from({length:20},(_, i)=>i+k)},
 {name:"run",type:"uint64",inner:[],values:BigUint64Array.from({length:20},(_, i)=>2n**64n-1n-BigInt(i))},
 {name:"Mu_pt",type:"float64",inner:[],values:Float64Array.from({length:30},(_, i)=>i/7),offsets:Uint32Array.from({length:21},(_, i)=>Math.min(30,2*i))},
 {name:"m",type:"int16",inner:[2,3],values:Int16Array.from({length:180},(_, i)=>-i),offsets:Uint32Array.from({length:21},(_, i)=>Math.min(30,2*i))},
 {name:"s",type:"string",inner:[],values:Array.from({length:20},(_, i)=>i===3?"":"é".repeat(i*10))},
 {name:"b",type:"bool",inner:[],values:Uint8Array.from({length:20},(_, i)=>i%3)}]);
await w.histogram({name:"dir/h",title:"hey",axes:[{edges:[0,1,2,4],label:"x"}],sumW:[1,2,3,4,5],sumW2:[1,2,3,4,5]});
await w.histogram({name:"h2",title:"hey",axes:[{edges:[0,1,2],label:"x"},{edges:[0,1,2,3],label:"y"}],sumW:Array.from({length:20},(_, i)=>i),type:"float32"});
await w.close();
const { openFile, treeProcess, TSelector } = await import("jsroot") as any;
const f = await openFile("/tmp/rw/a.root");
console.log(f.fVersion, f.fEND, f.fNbytesName, f.fKeys.map((k:any)=>[k.fClassName,k.fName,k.fCycle,k.fTitle]), f.fStreamerInfos.arr.map((s:any)=>s.fName).join(" "));
const tree = await f.readObject("Events");
console.log(tree.fEntries, tree.fTitle, tree.fBranches.arr.map((b:any)=>[b.fName,b.fTitle,b.fWriteBasket,b.fLeaves.arr[0]._typename,b.fLeaves.arr[0].fMaximum]));
const sel = new TSelector(); for (const b of tree.fBranches.arr) sel.addBranch(b.fName);
let rows:any[]=[]; sel.Process=function(this:any){rows.push({...this.tgtobj})};
await treeProcess(tree, sel);
console.log(rows.length); console.dir(rows.slice(0,4),{depth:5}); console.dir(rows[59],{depth:5});
console.log((await f.readObject("h2")).fArray, (await f.readObject("dir/h")));
