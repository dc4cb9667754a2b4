"""Lists of words and pieces of patterns that the grammar is made of."""

from __future__ import annotations

DIETS = (
    r"vegetarian|vegan|pescatarian|pescetarian|flexitarian|omnivore|carnivore|halal|kosher|keto|paleo|gluten[- ]free"
    r"|dairy[- ]free|lactose[- ]free|plant[- ]based|raw vegan|low[- ]carb"
)
RELATIONS = (
    r"mother|mom|mum|father|dad|sister|brother|son|daughter|aunt|uncle|cousin|grandmother|grandma|grandfather|grandpa"
    r"|niece|nephew|twin|baby|stepson|stepdaughter|stepmother|stepfather|godson|goddaughter"
)
PARTNERS = r"wife|husband|partner|girlfriend|boyfriend|fiancée?|fiancé|spouse"
SPECIES = (
    r"dog|cat|puppy|kitten|rabbit|bunny|hamster|guinea pig|parrot|budgie|canary|bird|fish|goldfish|turtle|tortoise|snake"
    r"|lizard|gecko|horse|pony|ferret|rat|mouse|chicken|goat|pig|labrador|poodle|beagle|terrier|greyhound|corgi|dachshund"
    r"|golden retriever|german shepherd|husky|tabby|parakeet|cockatiel|iguana|hedgehog|donkey"
)
JOBS = (
    r"accountant|actor|actress|architect|artist|baker|barista|bartender|biologist|bookkeeper|builder|bus driver|butcher"
    r"|carpenter|cashier|chef|chemist|civil servant|cleaner|coach|consultant|cook|copywriter|data scientist|dentist"
    r"|designer|developer|doctor|driver|economist|editor|electrician|engineer|farmer|filmmaker|firefighter|florist|gardener"
    r"|geologist|hairdresser|historian|illustrator|journalist|judge|lawyer|lecturer|librarian|manager|mechanic|midwife"
    r"|musician|nurse|nutritionist|optician|painter|paralegal|paramedic|pharmacist|photographer|physicist|physiotherapist"
    r"|pilot|plumber|police officer|postman|potter|principal|producer|professor|programmer|psychologist|realtor"
    r"|receptionist|researcher|sailor|scientist|secretary|social worker|soldier|statistician|student|surgeon|surveyor"
    r"|tailor|teacher|technician|therapist|translator|truck driver|tutor|vet|veterinarian|waiter|waitress|welder|writer"
    r"|analyst|attorney|ceo|cto|director|founder|freelancer|intern|recruiter|salesperson|trainer"
)
LANGUAGES = (
    r"english|spanish|french|german|portuguese|italian|dutch|swedish|norwegian|danish|finnish|polish|czech|russian"
    r"|ukrainian|greek|turkish|arabic|hebrew|hindi|urdu|bengali|mandarin|cantonese|chinese|japanese|korean|vietnamese|thai"
    r"|swahili|romanian|hungarian|catalan|basque|irish|welsh|persian|farsi|tamil|tagalog|indonesian|malay"
)
NATIONALITIES = (
    r"american|british|english|scottish|welsh|irish|canadian|australian|german|french|spanish|portuguese|italian|dutch"
    r"|belgian|swiss|austrian|swedish|norwegian|danish|finnish|polish|czech|russian|ukrainian|greek|turkish|indian"
    r"|pakistani|chinese|japanese|korean|vietnamese|thai|brazilian|mexican|argentinian|chilean|colombian|peruvian|nigerian"
    r"|kenyan|egyptian|moroccan|israeli|iranian|lebanese|romanian|hungarian|croatian|serbian|south african|new zealander"
)
PLAYED = (
    r"piano|guitar|bass|drums|violin|viola|cello|flute|clarinet|saxophone|trumpet|trombone|harp|ukulele|banjo|accordion"
    r"|football|soccer|tennis|basketball|volleyball|badminton|squash|padel|golf|hockey|ice hockey|rugby|cricket|baseball"
    r"|softball|handball|table tennis|ping pong|chess|poker|bridge|water polo"
)
_WORD = r"(?-i:[A-ZÀ-ÖØ-Þ][\w'-]*)"
#: A person or an animal by name.
NAME = rf"(?!(?:I|The|A|An|My|And|But)\b){_WORD}(?: {_WORD})?"
#: A place, with its country or region after a comma.
PLACE = rf"(?:the )?{_WORD}(?:[ -](?:{_WORD}|de|da|do|dos|del|la|le|las|los|upon|am|an der|sur|of|on))*(?:, {_WORD}(?: {_WORD})*)*"
#: An organisation.
ORG = r"(?:the )?(?-i:[A-Z0-9À-ÖØ-Þ][\w&.'-]*)(?: (?:(?-i:[A-Z0-9À-ÖØ-Þ][\w&.'-]*)|of|the|and|&|for|de|do|da|dos|del|di|von|van))*"
_NUMBER = r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d+|a couple of|a few|several)"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_DATE = rf"(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{4}}-\d\d-\d\d)(?:,? \d{{4}})?"
#: When something was, or since when it is.
PAST = (
    rf"(?:(?:since |back |in |on )?(?:last (?:{_DAY}|night|week|weekend|month|year|summer|winter|spring|autumn|fall|{_MONTH})"
    rf"|yesterday|the day before yesterday|today|{_NUMBER} (?:day|week|month|year)s? ago|{_DATE}|{_MONTH}(?: \d{{4}})?"
    rf"|{_DAY}|(?:19|20)\d\d))"
)
#: When something will be.
FUTURE = (
    rf"(?:(?:on |in |at |this |next |this coming )?(?:(?:next |this |this coming )?(?:{_DAY}|week|weekend|month|year|{_MONTH}(?: \d{{4}})?"
    rf"|summer|winter|spring|autumn)|tomorrow|the day after tomorrow|{_NUMBER} (?:day|week|month)s?(?: from now)?|{_DATE}|the \d{{1,2}}(?:st|nd|rd|th)))"
)
#: What may follow a value and does not belong to it.
TAIL = (
    r"(?:,? (?:now|currently|these days|nowadays|right now|at the moment|again|too|as well|already|actually|by the way"
    r"|though|instead|alone|full[- ]time|part[- ]time|as of today|with (?:my|our|his|her|two|three|a|the) .+|because .+"
    r"|and (?:i )?(?:really )?(?:love|like|enjoy) it.*|to be (?:closer|near).+|for (?:work|a job|my job|love|university"
    r"|school|good|(?:about |over |almost |nearly )?(?:\d+|a|one|two|three|four|five|six|seven|eight|nine|ten|many|several|a few)"
    r" (?:day|week|month|year)s?(?: now)?)|so .+))*"
)
WHEN = rf"(?:,? (?P<when>{PAST}))?"
#: A phrase of a few words that is neither a pronoun nor a clause.
PHRASE = (
    r"(?!(?:it|that|this|these|those|to|how|when|where|why|who|what|you|him|her|them|me|us|the way|the fact|the idea|your"
    r"|if|being|having|my|our|both|all|everything|anything|nothing|something|one|some|seeing|knowing|working with you"
    r"|talking|chatting|learning that|hearing)\b)[\w'&/+.-]+(?: (?!(?:because|when|but|that|which|who|so|if|since|than|as)\b)[\w'&/+.-]+){0,5}"
)
