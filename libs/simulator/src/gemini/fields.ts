type Fields = Readonly<Record<string, unknown>>;

const names = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** The fields of the messages a batch is made of: https://ai.google.dev/api/generate-content and /batch-api */
const known = {
  create: names("batch"),
  batch: names("model displayName inputConfig priority webhookConfig"),
  inputConfig: names("fileName requests"),
  requests: names("requests"),
  inlinedRequest: names("request metadata"),
  line: names("key request metadata"),
  request: names(
    "model contents systemInstruction generationConfig safetySettings tools toolConfig cachedContent labels serviceTier store continuationToken",
  ),
  content: names("role parts"),
  part: names(
    "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult thought thoughtSignature videoMetadata mediaResolution partMetadata toolCall toolResponse audioTranscription mediaProcessing speechMetadata",
  ),
  generationConfig: names(
    "candidateCount stopSequences maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs responseMimeType responseSchema responseJsonSchema responseModalities responseFormat mediaResolution speechConfig thinkingConfig imageConfig audioTranscriptionConfig enableAffectiveDialog enableEnhancedCivicAnswers translationConfig",
  ),
  thinkingConfig: names("includeThoughts thinkingBudget thinkingLevel"),
  safetySetting: names("category threshold"),
  tool: names(
    "functionDeclarations googleSearch googleSearchRetrieval codeExecution urlContext fileSearch googleMaps computerUse mcpServers",
  ),
  functionDeclaration: names(
    "name description parameters parametersJsonSchema response responseJsonSchema behavior",
  ),
  toolConfig: names("functionCallingConfig retrievalConfig includeServerSideToolInvocations"),
  functionCallingConfig: names("mode allowedFunctionNames streamFunctionCallArguments"),
} as const;

/** A kind of message. */
export type Kind = keyof typeof known;

/** A field that a message does not have, where it stands. */
export class UnknownField extends Error {
  constructor(name: string, place: string) {
    super(
      `Invalid JSON payload received. Unknown name "${name}"${place === "" ? "" : ` at '${place}'`}: Cannot find field.`,
    );
  }
}

/** A message with its fields in lower camel case; the API reads them in snake case too. Throws UnknownField. */
export function readFields(message: Fields, kind: Kind, place: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    const camel = name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    if (!known[kind].has(camel)) throw new UnknownField(name, place);
    fields[camel] = value;
  }
  return fields;
}
