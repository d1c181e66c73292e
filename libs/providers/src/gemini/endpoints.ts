/** The one way in which a model is asked in a batch. */
export const GENERATE_CONTENT = "generateContent";
