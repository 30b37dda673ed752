import { DataError, FormatError } from "../../base/errors.ts";
import {
  isReportTable,
  l1Scales,
  makeCollection,
  type ObjectCollection,
  reportCollections,
  selectObjects,
  withPhysical,
} from "../../cms/index.ts";
import { simulationKey } from "../../cms/simulate/simulation-label.ts";
import { inspectTable, readBatches, type Table } from "../../data/index.ts";
import type { EventBatch, EventFile } from "./events.ts";
import type { DatasetSettings } from "./settings.ts";

/**
 * Events of the report's flat table (.parquet, .csv): one row each. Its muons are matched already
 * and keep their partners; jets are matched as everywhere. Throws `FormatError` for other tables,
 * `DataError` for collections that are not there.
 */
export async function openTableEvents(
  path: string,
  { object, source, bx }: Pick<DatasetSettings, "object" | "source" | "bx">,
): Promise<EventFile> {
  const { columns, rows, metadata } = await inspectTable(path);
  if (!isReportTable(columns.map(({ name }) => name)))
    throw new FormatError(
      `${path}: not the report's flat table: it has neither nMatchedMuons nor slots as hwPtL1_0; ` +
        "a table of one muon a row needs no dataset, recalibrate takes it",
    );
  if (source !== "l1" || bx !== 0)
    throw new DataError(`${path}: a flat table has Level-1 objects of crossing 0 only`);
  return {
    format: "table",
    events: rows,
    simulation: metadata[simulationKey] ?? null,
    async *batches(batchRows) {
      for await (const table of readBatches(path, { batchRows }))
        yield object === "muons" ? muons(path, table) : jets(path, table);
    },
  };
}

function muons(path: string, table: Table): EventBatch {
  const { L1Mu } = reportCollections(table);
  if (L1Mu?.columns.ptReco === undefined)
    throw new DataError(`${path}: no matched muons: columns hwPtL1_0 and ptReco_0 are needed`);
  const { matched, ptReco, etaVtxReco, phiVtxReco, chargeReco, ...hardware } = L1Mu.columns;
  if (etaVtxReco === undefined || phiVtxReco === undefined)
    throw new DataError(`${path}: matched muons need etaVtxReco_0 and phiVtxReco_0`);
  const reco = { pt: ptReco, eta: etaVtxReco, phi: phiVtxReco };
  const all = makeCollection("Muon", L1Mu.offsets, {
    ...reco,
    ...(chargeReco === undefined ? {} : { charge: chargeReco }),
  });
  const { collection, rows } = selectObjects(all, (i) => matched[i] === 1);
  const level1 = withPhysical({ ...L1Mu, columns: hardware }, "muon", {
    pt: l1Scales.muon.ptReport,
  });
  return { ids: {}, level1, offline: collection, partners: Int32Array.from(rows) };
}

function jets(path: string, table: Table): EventBatch {
  const { L1Jet, Jet }: Partial<Record<string, ObjectCollection>> = reportCollections(table);
  if (L1Jet === undefined || Jet === undefined)
    throw new DataError(
      `${path}: no ${L1Jet ? "offline" : "Level-1"} jets: columns hwPt_0 and ptPF_0 are needed`,
    );
  return { ids: {}, level1: withPhysical(L1Jet, "jet"), offline: Jet };
}
