"""Employers whose names are known in small letters."""

from __future__ import annotations

from engram_core.ingest.learn.rules.vocabulary.lists import words

KNOWN = words(
    """google amazon microsoft apple meta facebook netflix tesla nvidia ibm intel oracle sap siemens bosch spotify uber airbnb
    deloitte accenture kpmg pwc ey mckinsey capgemini infosys tcs wipro walmart costco ikea tesco aldi lidl sainsbury's
    mcdonald's starbucks nhs the_nhs bbc the_bbc nasa esa cern boeing airbus lockheed volkswagen bmw toyota samsung sony
    nokia ericsson philips shell bp exxon pfizer novartis roche bayer astrazeneca goldman_sachs jp_morgan barclays hsbc
    santander citibank revolut monzo shopify salesforce adobe cisco dell hp lenovo linkedin twitter tiktok bytedance
    booking.com zalando klarna dhl fedex ups vodafone orange telefonica nestle unilever heineken danone l'oreal"""
)
