/**
 * Layouts of classes that every ROOT file takes for granted, as `Class version: members`.
 * A member without a type is a base class; `:X` names a basic type as in a leaf list
 * (B b S s I i L l F D O as TTree, `s` string as `str`), `[n]` a fixed array, `[fN]` a counted one,
 * `*` a pointer to an object of any class. Used where a file brings no streamer info for them.
 * @see ROOT io/doc/TFile and TTree.h, TBranch.h, TBranchElement.h, TLeaf.h of 6.30
 */
export const builtinLayouts = `
TNamed 1: TObject fName:str fTitle:str
TObjString 1: TObject fString:str
TAttLine 2: fLineColor:S fLineStyle:S fLineWidth:S
TAttFill 2: fFillColor:S fFillStyle:S
TAttMarker 2: fMarkerColor:S fMarkerStyle:S fMarkerSize:F
TStreamerInfo 9: TNamed fCheckSum:i fClassVersion:I fElements:*
TStreamerElement 4: TNamed fType:I fSize:I fArrayLength:I fArrayDim:I fMaxIndex[5]:I fTypeName:str
TStreamerElement 3: TNamed fType:I fSize:I fArrayLength:I fArrayDim:I fMaxIndex[5]:I fTypeName:str fXmin:D fXmax:D fFactor:D
TStreamerBase 3: TStreamerElement fBaseVersion:I
TStreamerBase 2: TStreamerElement
TStreamerBasicType 2: TStreamerElement
TStreamerBasicPointer 2: TStreamerElement fCountVersion:I fCountName:str fCountClass:str
TStreamerLoop 2: TStreamerElement fCountVersion:I fCountName:str fCountClass:str
TStreamerObject 2: TStreamerElement
TStreamerObjectPointer 2: TStreamerElement
TStreamerObjectAny 2: TStreamerElement
TStreamerObjectAnyPointer 2: TStreamerElement
TStreamerString 2: TStreamerElement
TStreamerSTL 3: TStreamerElement fSTLtype:I fCtype:I
TStreamerSTLstring 2: TStreamerSTL
TStreamerArtificial 1: TStreamerElement
ROOT::TIOFeatures 1: fIOBits:b
TTree 20: TNamed TAttLine TAttFill TAttMarker fEntries:L fTotBytes:L fZipBytes:L fSavedBytes:L fFlushedBytes:L fWeight:D fTimerInterval:I fScanField:I fUpdate:I fDefaultEntryOffsetLen:I fNClusterRange:I fMaxEntries:L fMaxEntryLoop:L fMaxVirtualSize:L fAutoSave:L fAutoFlush:L fEstimate:L fClusterRangeEnd[fNClusterRange]:L fClusterSize[fNClusterRange]:L fIOFeatures:ROOT::TIOFeatures fBranches:TObjArray fLeaves:TObjArray fAliases:* fIndexValues:TArrayD fIndex:TArrayI fTreeIndex:* fFriends:* fUserInfo:* fBranchRef:*
TBranch 13: TNamed TAttFill fCompress:I fBasketSize:I fEntryOffsetLen:I fWriteBasket:I fEntryNumber:L fIOFeatures:ROOT::TIOFeatures fOffset:I fMaxBaskets:i fSplitLevel:I fEntries:L fFirstEntry:L fTotBytes:L fZipBytes:L fBranches:TObjArray fLeaves:TObjArray fBaskets:TObjArray fBasketBytes[fMaxBaskets]:I fBasketEntry[fMaxBaskets]:L fBasketSeek[fMaxBaskets]:L fFileName:str
TBranchElement 10: TBranch fClassName:str fParentName:str fClonesName:str fCheckSum:i fClassVersion:s fID:I fType:I fStreamerType:I fMaximum:I fBranchCount:* fBranchCount2:*
TLeaf 2: TNamed fLen:I fLenType:I fOffset:I fIsRange:O fIsUnsigned:O fLeafCount:*
TLeafB 1: TLeaf fMinimum:B fMaximum:B
TLeafO 1: TLeaf fMinimum:O fMaximum:O
TLeafS 1: TLeaf fMinimum:S fMaximum:S
TLeafI 1: TLeaf fMinimum:I fMaximum:I
TLeafL 1: TLeaf fMinimum:L fMaximum:L
TLeafG 1: TLeaf fMinimum:L fMaximum:L
TLeafF 1: TLeaf fMinimum:F fMaximum:F
TLeafD 1: TLeaf fMinimum:D fMaximum:D
TLeafC 1: TLeaf fMinimum:I fMaximum:I
TLeafElement 1: TLeaf fID:I fType:I
`;
